#include "services/http/server.hpp"
#include "tests/services/http/support.hpp"

#include <numeric>
#include <system_error>
#include <thread>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using namespace tutti::tests::services_http;

std::string get_of(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

std::string post_of(std::string_view target, std::string_view body, std::string_view fields = "") {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\nContent-Length: "
         + std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

TEST(HttpServer, GivenImmediateAdmissionWhenGetThenAnswered) {
  served s;
  auto c = s.connect();
  c.send(get_of("/now"));
  auto r = c.read();
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.body, "now");
  EXPECT_EQ(r.field("Content-Type"), "text/plain");
  EXPECT_EQ(r.field("Content-Length"), "3");
  EXPECT_EQ(r.field("Date").size(), 29u);
  EXPECT_EQ(r.field("Connection"), "");
  ASSERT_TRUE(eventually([&] { return s.gate->answers().size() == 1; }));
  EXPECT_EQ(s.gate->answers()[0].route, std::nullopt);
  EXPECT_EQ(s.gate->answers()[0].method, "GET");
  EXPECT_EQ(s.http.stats().open_connections, 1u);
  EXPECT_EQ(s.http.stats().accepted, 1u);
}

TEST(HttpServer, GivenAdmissionThatKnowsItsRouteWhenAnsweredThenReported) {
  served s;
  s.gate->on_admit = [](auto&) { return gateway::response{.status = 401, .route = 3}; };
  auto c = s.connect();
  c.send(get_of("/secret"));
  EXPECT_EQ(c.read().status, 401);
  ASSERT_TRUE(eventually([&] { return s.gate->answers().size() == 1; }));
  EXPECT_EQ(s.gate->answers()[0].route, 3u);
}

TEST(HttpServer, GivenPostWhenHandledThenRequestIsWhole) {
  served s;
  auto c = s.connect();
  auto before = std::chrono::steady_clock::now();
  c.send(post_of("/jobs?x=1", "body", "Content-Type: text/x\r\nX-KEY: k1\r\nX-Other: no\r\n"));
  auto q = s.gate->take();
  EXPECT_EQ(q.route, 7u);
  EXPECT_EQ(q.method, "POST");
  EXPECT_EQ(q.target, "/jobs?x=1");
  EXPECT_EQ(q.body, "body");
  EXPECT_EQ(q.peer, "127.0.0.1");
  EXPECT_EQ(q.find("content-type"), "text/x");
  EXPECT_EQ(q.find("x-key"), "k1");
  EXPECT_EQ(q.headers.size(), 2u);
  EXPECT_GE(q.received, before);
  EXPECT_EQ(q.deadline, q.received + 30s);
  EXPECT_FALSE(q.reply.abandoned());
  EXPECT_EQ(s.http.stats().in_flight, 1u);
  q.reply({.status = 202, .body = "{}", .headers = "Location: /jobs/1\r\n"});
  EXPECT_TRUE(q.reply.abandoned());
  auto r = c.read();
  EXPECT_EQ(r.status, 202);
  EXPECT_EQ(r.field("Location"), "/jobs/1");
  ASSERT_TRUE(eventually([&] { return s.gate->answers().size() == 1; }));
  EXPECT_EQ(s.gate->answers()[0].route, 7u);
  EXPECT_TRUE(eventually([&] { return s.http.stats().in_flight == 0; }));
}

TEST(HttpServer, GivenAnswersOutOfOrderWhenPipelinedThenWrittenInOrder) {
  served s;
  auto c = s.connect();
  std::string all;
  for (int i = 0; i < 8; ++i)
    all += i == 3 ? get_of("/now") : get_of("/" + std::to_string(i));
  c.send(all);
  std::vector<gateway::request> requests;
  for (int i = 0; i < 7; ++i)
    requests.push_back(s.gate->take());
  EXPECT_EQ(s.gate->batches(), std::vector<std::size_t>{7});
  for (std::size_t i : {6, 2, 5, 1, 4, 0, 3})
    std::thread([&, i] { requests[i].reply({.body = requests[i].target}); }).join();
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(c.read().body, i == 3 ? "now" : "/" + std::to_string(i));
}

TEST(HttpServer, GivenManyConnectionsWhenTheyAskAtOnceThenFewBatches) {
  served s;
  std::vector<raw_client> clients;
  for (int i = 0; i < 20; ++i)
    clients.push_back(s.connect());
  ASSERT_TRUE(eventually([&] { return s.http.stats().open_connections == 20; }));
  for (auto& c : clients)
    c.send(post_of("/", "x"));
  for (int i = 0; i < 20; ++i)
    s.gate->take().reply({.body = "y"});
  for (auto& c : clients)
    EXPECT_EQ(c.read().body, "y");
  auto sizes = s.gate->batches();
  EXPECT_EQ(std::reduce(sizes.begin(), sizes.end()), 20u);
}

TEST(HttpServer, GivenSeveralLoopsWhenManyClientsThenAllServed) {
  served s({.threads = 3});
  std::vector<raw_client> clients;
  for (int i = 0; i < 30; ++i)
    clients.push_back(s.connect());
  for (int round = 0; round < 20; ++round) {
    for (auto& c : clients)
      c.send(post_of("/", std::to_string(round)));
    for (std::size_t i = 0; i < clients.size(); ++i) {
      auto q = s.gate->take();
      q.reply({.body = q.body});
    }
    for (auto& c : clients)
      EXPECT_EQ(c.read().body, std::to_string(round));
  }
  EXPECT_EQ(s.http.stats().open_connections, 30u);
}

TEST(HttpServer, GivenRequestBytewiseWhenSentThenServed) {
  served s;
  auto c = s.connect();
  for (char byte : post_of("/a", "hello"))
    c.send({&byte, 1});
  auto q = s.gate->take();
  EXPECT_EQ(q.body, "hello");
  q.reply({});
  EXPECT_EQ(c.read().status, 200);
}

TEST(HttpServer, GivenHeadWhenAnsweredThenLengthButNoBody) {
  served s;
  auto c = s.connect();
  c.send("HEAD /now HTTP/1.1\r\nHost: x\r\n\r\n" + get_of("/now"));
  auto r = c.read(true);
  EXPECT_EQ(r.field("Content-Length"), "3");
  EXPECT_EQ(c.read().body, "now");
}

TEST(HttpServer, GivenOldVersionWhenAskedThenClosesUnlessKeptAlive) {
  served s;
  auto c = s.connect();
  c.send("GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(c.read().field("Connection"), "keep-alive");
  c.send("GET /now HTTP/1.0\r\n\r\n");
  EXPECT_EQ(c.read().field("Connection"), "close");
  EXPECT_TRUE(c.closed());
}

TEST(HttpServer, GivenClientThatClosesWhenAnsweredThenClosed) {
  served s;
  auto c = s.connect();
  c.send("GET /now HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(c.read().field("Connection"), "close");
  EXPECT_TRUE(c.closed());
  EXPECT_TRUE(eventually([&] { return s.http.stats().open_connections == 0; }));
}

TEST(HttpServer, GivenKeepAliveOffWhenAnsweredThenClosed) {
  served s({.keep_alive = false});
  auto c = s.connect();
  c.send(get_of("/now"));
  EXPECT_EQ(c.read().field("Connection"), "close");
  EXPECT_TRUE(c.closed());
}

TEST(HttpServer, GivenAnswerThatClosesWhenOthersFollowThenTheyAreAbandoned) {
  served s;
  auto c = s.connect();
  c.send(get_of("/a") + get_of("/b"));
  auto a = s.gate->take(), b = s.gate->take();
  a.reply({.body = "last", .close = true});
  auto r = c.read();
  EXPECT_EQ(r.body, "last");
  EXPECT_EQ(r.field("Connection"), "close");
  EXPECT_TRUE(c.closed());
  EXPECT_TRUE(eventually([&] { return b.reply.abandoned(); }));
  b.reply({});
}

TEST(HttpServer, GivenExpectationWhenAdmittedThenContinueComesInTurn) {
  served s;
  auto c = s.connect();
  c.send(get_of("/first")
         + "POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  s.gate->take().reply({.body = "1"});
  EXPECT_EQ(c.read().body, "1");
  EXPECT_EQ(c.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  c.send("ok");
  auto q = s.gate->take();
  EXPECT_EQ(q.body, "ok");
  q.reply({.body = "2"});
  EXPECT_EQ(c.read().body, "2");
}

TEST(HttpServer, GivenExpectationWhenRefusedThenNoContinue) {
  served s;
  auto c = s.connect();
  c.send("POST /now HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  auto r = c.read();
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.field("Connection"), "close");
  EXPECT_TRUE(c.closed());
}

TEST(HttpServer, GivenUnreadSmallBodyWhenAnsweredAtOnceThenConnectionGoesOn) {
  served s;
  auto c = s.connect();
  c.send(post_of("/now", std::string(60000, 'x')) + get_of("/now"));
  EXPECT_EQ(c.read().body, "now");
  EXPECT_EQ(c.read().body, "now");
}

TEST(HttpServer, GivenUnreadLargeBodyWhenAnsweredAtOnceThenNoResetEatsTheAnswer) {
  served s;
  auto c = s.connect();
  c.send("POST /now HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n");
  c.send(std::string(200000, 'x'));
  auto r = c.read();
  EXPECT_EQ(r.body, "now");
  EXPECT_EQ(r.field("Connection"), "close");
  EXPECT_TRUE(c.closed());
}

TEST(HttpServer, GivenBodyBeyondAdmittedWhenDeclaredOrChunkedThenTooLarge) {
  served s;
  for (auto fields : {"Content-Length: 1001\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n3e9\r\n"}) {
    auto c = s.connect();
    c.send("POST /jobs HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + std::string(1001, 'x'));
    auto r = c.read();
    EXPECT_EQ(r.status, 413);
    EXPECT_NE(r.body.find("|/jobs"), std::string::npos);
    c.send_fin();
    EXPECT_TRUE(c.closed());
  }
  EXPECT_EQ(s.gate->waiting(), 0u);
}

TEST(HttpServer, GivenLargeBodiesWhenEchoedThenUnchanged) {
  served s;
  s.gate->on_admit = [](auto&) { return gateway::admitted{.max_body = 4 << 20}; };
  std::string body(3 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000)
    body[i] = static_cast<char>('a' + i / 1000 % 26);
  auto c = s.connect();
  std::thread sender([&] { c.send(post_of("/", body)); });
  auto q = s.gate->take();
  sender.join();
  EXPECT_EQ(q.body, body);
  q.reply({.body = std::move(q.body)});
  EXPECT_EQ(c.read().body, body);
}

TEST(HttpServer, GivenDroppedResponderWhenOwedThenUnavailableAndConnectionGoesOn) {
  served s;
  auto c = s.connect();
  c.send(get_of("/x"));
  { auto lost = s.gate->take(); }
  auto r = c.read();
  EXPECT_EQ(r.status, 503);
  EXPECT_EQ(r.field("Content-Type"), "application/problem+json");
  EXPECT_EQ(r.field("Retry-After"), "1");
  c.send(get_of("/now"));
  EXPECT_EQ(c.read().status, 200);
}

TEST(HttpServer, GivenHalfClosedClientWhenAnsweredThenStillReads) {
  served s;
  auto c = s.connect();
  c.send(get_of("/a") + get_of("/b"));
  c.send_fin();
  auto a = s.gate->take(), b = s.gate->take();
  b.reply({.body = "b"});
  a.reply({.body = "a"});
  EXPECT_EQ(c.read().body, "a");
  EXPECT_EQ(c.read().body, "b");
  EXPECT_TRUE(c.closed());
}

TEST(HttpServer, GivenResetClientWhenInFlightThenAbandoned) {
  served s;
  auto c = s.connect();
  c.send(get_of("/a"));
  auto q = s.gate->take();
  EXPECT_FALSE(q.reply.abandoned());
  c.reset();
  EXPECT_TRUE(eventually([&] { return q.reply.abandoned(); }));
  q.reply({.body = "late"});
  EXPECT_TRUE(eventually([&] { return s.http.stats().open_connections == 0; }));
  EXPECT_TRUE(s.gate->answers().empty());
}

TEST(HttpServer, GivenOptionsForTheServerWhenAskedThenNoContent) {
  served s;
  auto c = s.connect();
  c.send("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n" + get_of("/now"));
  EXPECT_EQ(c.read().status, 204);
  EXPECT_EQ(c.read().status, 200);
}

TEST(HttpServer, GivenUpgradeWhenAskedThenIgnored) {
  served s;
  auto c = s.connect();
  c.send("GET /now HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  EXPECT_EQ(c.read().status, 200);
}

TEST(HttpServer, GivenBadOptionsOrAddressWhenStartedThenSaysSo) {
  auto gate = std::make_shared<recorder>();
  EXPECT_THROW(server({.address = "not-an-address"}, gate).start(), std::invalid_argument);
  EXPECT_THROW(server({.threads = 0}, gate).start(), std::invalid_argument);
  EXPECT_THROW(server({.max_pipelined = 65}, gate).start(), std::invalid_argument);
  served taken;
  server second({.port = taken.http.port()}, gate);
  try {
    second.start();
    FAIL() << "the port is taken";
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), std::errc::address_in_use);
    EXPECT_NE(std::string(e.what()).find("127.0.0.1:" + std::to_string(taken.http.port())),
              std::string::npos);
  }
}

TEST(HttpServer, GivenIpv6WhenServedThenPeerIsNamed) {
  auto gate = std::make_shared<recorder>();
  server both({.address = "::"}, gate); // takes IPv4 clients as well
  try {
    both.start();
  } catch (const std::system_error&) {
    GTEST_SKIP() << "no IPv6 here";
  }
  raw_client c(both.port());
  c.send(get_of("/a"));
  EXPECT_EQ(gate->take().peer, "127.0.0.1");
}

} // namespace

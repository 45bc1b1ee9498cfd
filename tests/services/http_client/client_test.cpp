#include "runtime/error.hpp"
#include "tests/services/http_client/support.hpp"

#include <atomic>
#include <mutex>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <zlib.h>

namespace tutti::tests::services_http_client {
namespace {

std::string gzip(const std::string& text) {
  z_stream z{};
  deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

TEST_F(HttpClient, GivenRequestWhenSentThenMethodPathHeadersBodyAndTraceArriveAndTheAnswerIsGiven) {
  std::promise<seen_request> seen;
  wire_server server{[&](wire& on, std::size_t) {
    seen.set_value(read_request(on));
    on.write(answer(201, "made", "X-RateLimit-Bucket: abc\r\nX-Empty:\r\n"));
    on.read_end();
  }};
  http_request what;
  what.method = http_method::post;
  what.url = server.url("http") + "/api/v10/x?y=1";
  what.headers = {{"Authorization", "Bot token"}, {"Content-Type", "application/json"}};
  what.body = R"({"a":1})";
  what.trace = runtime::telemetry::trace_context::new_root();
  auto got = ask(what);

  EXPECT_EQ(got.failure, http_failure::none) << got.reason;
  EXPECT_EQ(got.response.status, 201U);
  EXPECT_EQ(got.response.body, "made");
  EXPECT_EQ(got.response.headers.find("x-ratelimit-bucket"), "abc");
  EXPECT_EQ(got.response.headers.find("X-EMPTY"), "");
  EXPECT_EQ(got.response.headers.find("x-none"), std::nullopt);
  EXPECT_EQ(got.attempts, 1U);
  auto came = seen.get_future().get();
  EXPECT_EQ(came.head.substr(0, came.head.find("\r\n")), "POST /api/v10/x?y=1 HTTP/1.1");
  EXPECT_TRUE(came.has("Authorization: Bot token"));
  EXPECT_TRUE(came.has("Content-Type: application/json"));
  EXPECT_TRUE(came.has("User-Agent: tutti/" TUTTI_VERSION));
  EXPECT_TRUE(came.has("Accept-Encoding: gzip"));
  EXPECT_EQ(came.body, R"({"a":1})");
  auto at = came.head.find("\r\ntraceparent: 00-" + what.trace.trace_id_hex() + "-");
  ASSERT_NE(at, came.head.npos) << came.head;
  EXPECT_EQ(came.head.find(what.trace.format()), came.head.npos); // a span of its own
}

TEST_F(HttpClient, GivenEachMethodWhenSentThenItArrivesWithAndWithoutBody) {
  std::mutex lock;
  std::vector<std::string> lines;
  wire_server server{answering([&](const seen_request& r) {
    std::lock_guard guard{lock};
    lines.push_back(r.head.substr(0, r.head.find(' ')) + std::to_string(r.body.size())
                    + (r.has("Expect: 100-continue") ? "!" : "")
                    + (r.head.find("Content-Type") != r.head.npos ? "?" : ""));
    return r.head.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" : answer(200, "");
  })};
  for (auto m : {http_method::get, http_method::head, http_method::post, http_method::put, http_method::patch,
                 http_method::del})
    EXPECT_EQ(ask({.method = m, .url = server.url("http")}).response.status, 200U);
  for (auto m : {http_method::post, http_method::put, http_method::patch, http_method::del})
    EXPECT_EQ(ask({.method = m, .url = server.url("http"), .body = std::string(3000, 'b')}).response.status,
              200U);
  EXPECT_EQ(lines, (std::vector<std::string>{"GET0", "HEAD0", "POST0", "PUT0", "PATCH0", "DELETE0",
                                             "POST3000", "PUT3000", "PATCH3000", "DELETE3000"}));
  EXPECT_EQ(server.connections(), 1U); // kept
}

TEST_F(HttpClient, GivenPackedAnswerWhenItComesThenItIsUnpackedAndItsBoundIsThatOfTheText) {
  wire_server server{answering([](const seen_request& r) {
    return answer(200, gzip(std::string(r.head.starts_with("GET /bomb") ? 50'000'000 : 100'000, 'g')),
                  "Content-Encoding: gzip\r\n");
  })};
  EXPECT_EQ(get(server.url("http")).response.body, std::string(100'000, 'g'));
  auto bomb = get(server.url("http") + "/bomb");
  EXPECT_EQ(bomb.failure, http_failure::too_large);
  EXPECT_EQ(bomb.response.body, "");
}

TEST_F(HttpClient, GivenAnswerBeyondItsBoundWhenItComesThenTooLargeAndNotRepeated) {
  wire_server server{answering([](const seen_request& r) {
    return r.head.starts_with("GET /head") ? answer(200, "", "X: " + std::string(70'000, 'x') + "\r\n")
                                           : answer(200, std::string(1001, 'x'));
  })};
  auto got = ask({.url = server.url("http"), .max_response_bytes = 1000});
  EXPECT_EQ(got.failure, http_failure::too_large);
  EXPECT_EQ(got.attempts, 1U);
  EXPECT_TRUE(runtime::is(to_error(got), runtime::ec::malformed));
  EXPECT_EQ(ask({.url = server.url("http"), .max_response_bytes = 1001}).response.body.size(), 1001U);
  EXPECT_EQ(get(server.url("http") + "/head").failure, http_failure::too_large);
}

TEST_F(HttpClient, GivenTlsWhenTheCaIsKnownThenItTalksAndOffersHttp2) {
  wire_server server{answering([](const seen_request&) { return answer(200, "safe"); }), {.tls = true}};
  use({.ca_file = server.ca_file()});
  EXPECT_EQ(get(server.url("http")).response.body, "safe");
  EXPECT_NE(server.offered().find("h2"), std::string::npos);
}

TEST_F(HttpClient, GivenTlsWhenTheCaIsUnknownOrTheNameWrongThenNotSent) {
  std::atomic<int> requests{0};
  auto serve = answering([&](const seen_request&) {
    ++requests;
    return answer(200, "");
  });
  wire_server unknown{serve, {.tls = true}};
  auto got = ask({.url = unknown.url("http"), .repeat = http_repeat::never});
  EXPECT_EQ(got.failure, http_failure::not_sent);
  EXPECT_NE(got.reason.find("certificate"), got.reason.npos) << got.reason;
  wire_server other{serve, {.tls = true, .certificate = "other"}};
  client.reset();
  use({.ca_file = other.ca_file()});
  EXPECT_EQ(ask({.url = other.url("http"), .repeat = http_repeat::never}).failure, http_failure::not_sent);
  EXPECT_EQ(requests, 0);
}

TEST_F(HttpClient, GivenRedirectWhenItComesThenItIsTheAnswer) {
  std::atomic<int> requests{0};
  wire_server server{answering([&](const seen_request&) {
    ++requests;
    return answer(302, "", "Location: /other\r\n");
  })};
  auto got = get(server.url("http"));
  EXPECT_EQ(got.response.status, 302U);
  EXPECT_EQ(got.response.headers.find("location"), "/other");
  EXPECT_EQ(requests, 1);
}

TEST_F(HttpClient, GivenBadUrlOrHeaderWhenSentThenRejectedWithoutTheUrlInTheWords) {
  for (auto* url :
       {"", "localhost", "ftp://localhost/", "file:///etc/passwd", "http://user:secret@localhost/", "http://",
        "http://h/ x", "http://h/\r\nX: secret", "http://h:99999/", "gopher://h/"}) {
    auto got = get(url);
    EXPECT_EQ(got.failure, http_failure::rejected) << url;
    EXPECT_EQ(got.reason.find("secret"), got.reason.npos);
    EXPECT_TRUE(runtime::is(to_error(got), runtime::ec::rejected));
  }
  for (auto& headers : {runtime::outbound::http_headers{{"X", "a\r\nY: b"}}, {{"X Y", "a"}}, {{"", "a"}}})
    EXPECT_EQ(ask({.url = "http://127.0.0.1:1", .headers = headers}).failure, http_failure::rejected);
}

TEST_F(HttpClient, GivenManyRequestsWhenSentAtOnceThenAllAreAnsweredOverFewConnections) {
  wire_server server{answering(
      [](const seen_request& r) { return answer(200, r.head.substr(5, r.head.find(' ', 5) - 5)); })};
  use({.max_connections_to_a_host = 4});
  std::vector<std::future<http_result>> all;
  for (int i = 0; i < 200; ++i)
    all.push_back(start({.url = server.url("http") + "/" + std::to_string(i)}));
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(all[static_cast<std::size_t>(i)].get().response.body, std::to_string(i));
  EXPECT_LE(server.connections(), 4U);
  EXPECT_EQ(metric(R"(tutti_external_requests_total{outcome="2xx",service="test"})"), "200");
  EXPECT_EQ(metric(R"(tutti_external_request_duration_seconds_count{service="test"})"), "200");
  EXPECT_EQ(metric(R"(tutti_circuit_state{service="test"})"), "0");
}

TEST_F(HttpClient, GivenBoundsWhenTheyAreReachedThenFurtherRequestsAreNotSent) {
  wire_server silent{[](wire& on, std::size_t) { on.read_end(); }};
  use({.max_requests = 2, .max_bytes = 100});
  auto big = ask({.method = http_method::post, .url = silent.url("http"), .body = std::string(101, 'x')});
  EXPECT_EQ(big.failure, http_failure::not_sent);
  auto first = start({.url = silent.url("http")});
  auto second = start({.url = silent.url("http")});
  auto third = get(silent.url("http"));
  EXPECT_EQ(third.failure, http_failure::not_sent);
  EXPECT_TRUE(runtime::is(to_error(third), runtime::ec::unavailable));
  EXPECT_EQ(third.attempts, 0U);
}

TEST_F(HttpClient, GivenRequestsUnderWayWhenStoppedThenEachIsToldAndLaterOnesAtOnce) {
  wire_server server{[](wire& on, std::size_t) {
    read_request(on);
    on.read_end();
  }};
  auto sent = start({.url = server.url("http")});
  EXPECT_TRUE(eventually([&] { return server.connections() == 1; }));
  client->stop();
  auto got = sent.get();
  EXPECT_TRUE(got.failure == http_failure::broken || got.failure == http_failure::not_sent);
  EXPECT_EQ(got.reason, "the client has been stopped");
  EXPECT_EQ(get(server.url("http")).failure, http_failure::not_sent);
}

TEST_F(HttpClient, GivenCallbackWhenItStopsTheClientThenTheOthersAreStillTold) {
  wire_server server{answering([](const seen_request&) { return answer(200, ""); })};
  wire_server silent{[](wire& on, std::size_t) { on.read_end(); }};
  auto waiting = start({.url = silent.url("http")});
  std::promise<void> stopped;
  use().send({.service = "test", .url = server.url("http")}, [&](http_result&&) {
    client->stop();
    stopped.set_value();
  });
  EXPECT_EQ(stopped.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_NE(waiting.get().failure, http_failure::none);
}

TEST_F(HttpClient, GivenActorWhenItAsksThenTheAnswerIsAMessage) {
  wire_server server{answering([](const seen_request&) { return answer(200, "for an actor"); })};
  caf::actor_system_config config;
  caf::actor_system sys{config};
  caf::scoped_actor asker{sys};
  runtime::outbound::send_for(caf::actor_cast<caf::actor>(asker), use(),
                              {.service = "test", .url = server.url("http")}, 7);
  std::string body;
  asker->receive(
      [&](runtime::outbound::http_answered& got) {
        EXPECT_EQ(got.call, 7U);
        body = std::move(got.result.response.body);
      },
      caf::after(10s) >> [] { ADD_FAILURE() << "no answer"; });
  EXPECT_EQ(body, "for an actor");
}

} // namespace
} // namespace tutti::tests::services_http_client

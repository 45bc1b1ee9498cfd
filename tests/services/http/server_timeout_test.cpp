#include "tests/services/http/support.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using namespace tutti::tests::services_http;
using steady = std::chrono::steady_clock;

TEST(HttpServerTimeout, GivenDribbledHeadWhenTimeIsUpThenRequestTimeout) {
  served s({.header_timeout = 200ms});
  auto c = s.connect();
  auto begin = steady::now();
  c.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 8; ++i) {
    c.send("A"); // progress does not prolong it
    EXPECT_FALSE(eventually([&] { return !s.gate->answers().empty(); }, 10ms));
  }
  EXPECT_EQ(c.read().status, 408);
  EXPECT_GE(steady::now() - begin, 200ms);
  c.send_fin();
  EXPECT_TRUE(c.closed());
}

TEST(HttpServerTimeout, GivenSlowBodyWhenTimeIsUpThenRequestTimeout) {
  served s({.body_timeout = 200ms});
  auto c = s.connect();
  c.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
  auto r = c.read();
  EXPECT_EQ(r.status, 408);
  EXPECT_NE(r.body.find("|/p"), std::string::npos);
  c.send_fin();
  EXPECT_TRUE(c.closed());
  EXPECT_EQ(s.gate->waiting(), 0u);
}

TEST(HttpServerTimeout, GivenSkippedBodyThatStallsWhenTimeIsUpThenClosed) {
  served s({.body_timeout = 100ms, .linger_timeout = 50ms});
  auto c = s.connect();
  c.send("POST /now HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
  EXPECT_EQ(c.read().body, "now");
  EXPECT_TRUE(c.closed());
}

TEST(HttpServerTimeout, GivenIdleConnectionWhenTimeIsUpThenClosedSilently) {
  served s({.idle_timeout = 100ms});
  auto fresh = s.connect();
  auto used = s.connect();
  used.send("GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(used.read().status, 200);
  EXPECT_TRUE(fresh.closed());
  EXPECT_TRUE(used.closed());
}

TEST(HttpServerTimeout, GivenRequestInFlightWhenLongerThanIdleThenKept) {
  served s({.header_timeout = 50ms, .idle_timeout = 50ms});
  auto c = s.connect();
  c.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  auto q = s.gate->take();
  EXPECT_FALSE(eventually([&] { return s.http.stats().open_connections == 0; }, 300ms));
  q.reply({.body = "a"});
  EXPECT_EQ(c.read().body, "a");
}

TEST(HttpServerTimeout, GivenNoAnswerWhenDeadlinePassesThenGatewayTimeoutAndLateAnswerIsDropped) {
  served s({.header_timeout = 100ms});
  s.gate->deadline = 100ms;
  auto c = s.connect();
  c.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n");
  auto late = s.gate->take(), second = s.gate->take();
  second.reply({.body = "second"});
  auto r = c.read();
  EXPECT_EQ(r.status, 504);
  EXPECT_NE(r.body.find("|/late"), std::string::npos);
  EXPECT_TRUE(late.reply.abandoned());
  EXPECT_EQ(c.read().body, "second");
  late.reply({.body = "late"});
  c.send("GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(c.read().body, "now");
}

TEST(HttpServerTimeout, GivenEarlierAnswerOwedWhenLaterPassesItsDeadlineThenAbandonedInPlace) {
  served s({.header_timeout = 100ms});
  s.gate->on_admit = [](auto& head) -> std::optional<gateway::admission> {
    return gateway::admitted{.deadline = head.target == "/slow" ? 30000ms : 50ms};
  };
  auto c = s.connect();
  c.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /short HTTP/1.1\r\nHost: x\r\n\r\n");
  auto slow = s.gate->take(), fast = s.gate->take();
  EXPECT_TRUE(eventually([&] { return fast.reply.abandoned(); }));
  EXPECT_FALSE(slow.reply.abandoned());
  slow.reply({.body = "slow"});
  EXPECT_EQ(c.read().body, "slow");
  EXPECT_EQ(c.read().status, 504);
}

TEST(HttpServerTimeout, GivenClientThatNeverReadsWhenTimeIsUpThenCut) {
  served s({.write_timeout = 200ms});
  s.gate->on_admit = [](auto&) { return gateway::response{.body = std::string(1 << 20, 'x')}; };
  auto c = s.connect(4096);
  // More answers than the socket's buffers hold: the server must neither keep them all nor wait for ever.
  std::string requests;
  for (int i = 0; i < 64; ++i)
    requests += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  c.send(requests);
  ASSERT_TRUE(eventually([&] { return s.http.stats().open_connections == 1; }));
  EXPECT_TRUE(eventually([&] { return s.http.stats().open_connections == 0; }));
  EXPECT_EQ(s.http.stats().in_flight, 0u);
}

TEST(HttpServerTimeout, GivenClientThatDoesNotCloseWhenToldToThenCutAfterLingering) {
  served s({.linger_timeout = 100ms});
  auto c = s.connect();
  c.send("BAD\r\n\r\n");
  EXPECT_EQ(c.read().status, 400);
  EXPECT_TRUE(c.closed()); // its own side stays open
  EXPECT_TRUE(eventually([&] { return s.http.stats().open_connections == 0; }));
}

} // namespace

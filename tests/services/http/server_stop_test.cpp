#include "tests/services/http/support.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using namespace tutti::tests::services_http;
using steady = std::chrono::steady_clock;

constexpr auto ask_slow = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(HttpServerStop, GivenIdleConnectionsWhenStoppedThenClosedAtOnce) {
  served s({.threads = 2});
  auto fresh = s.connect(), used = s.connect();
  used.send("GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(used.read().status, 200);
  ASSERT_TRUE(eventually([&] { return s.http.stats().open_connections == 2; }));
  auto begin = steady::now();
  s.http.stop(30s);
  EXPECT_LT(steady::now() - begin, 5s);
  EXPECT_TRUE(fresh.closed());
  EXPECT_TRUE(used.closed());
  EXPECT_THROW(s.connect(), std::runtime_error);
}

TEST(HttpServerStop, GivenAnswerInFlightWhenStoppedThenFinishedWithClose) {
  served s;
  auto c = s.connect(), idle = s.connect();
  c.send(std::string(ask_slow) + ask_slow);
  auto first = s.gate->take(), second = s.gate->take();
  ASSERT_TRUE(eventually([&] { return s.http.stats().open_connections == 2; }));
  std::thread stopper([&] { s.http.stop(30s); });
  EXPECT_TRUE(idle.closed());
  EXPECT_THROW(s.connect(), std::runtime_error);
  second.reply({.body = "second"});
  first.reply({.body = "first"});
  EXPECT_EQ(c.read().body, "first");
  auto r = c.read();
  EXPECT_EQ(r.body, "second");
  EXPECT_EQ(r.field("Connection"), "close");
  c.send_fin();
  EXPECT_TRUE(c.closed());
  stopper.join();
}

TEST(HttpServerStop, GivenRequestHalfSentWhenStoppedThenMayBeCompleted) {
  served s;
  auto c = s.connect();
  c.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\no");
  ASSERT_TRUE(eventually([&] { return s.http.stats().in_flight == 1; }));
  std::thread stopper([&] { s.http.stop(30s); });
  c.send("k");
  auto q = s.gate->take();
  EXPECT_EQ(q.body, "ok");
  q.reply({.body = "done"});
  auto r = c.read();
  EXPECT_EQ(r.body, "done");
  c.send_fin();
  EXPECT_TRUE(c.closed());
  stopper.join();
}

TEST(HttpServerStop, GivenNoAnswerWhenDeadlinePassesThenClosedAndAbandoned) {
  served s;
  auto c = s.connect();
  c.send(ask_slow);
  auto q = s.gate->take();
  auto begin = steady::now();
  s.http.stop(100ms);
  EXPECT_GE(steady::now() - begin, 90ms);
  EXPECT_LT(steady::now() - begin, 5s);
  EXPECT_TRUE(q.reply.abandoned());
  EXPECT_TRUE(c.closed());
  q.reply({.body = "nobody"});
}

TEST(HttpServerStop, GivenAnswersFromOtherThreadsWhenServerEndsThenDropped) {
  for (int round = 0; round < 20; ++round) {
    std::vector<gateway::request> owed;
    std::thread answering;
    {
      served s({.threads = 2});
      std::vector<raw_client> clients;
      for (int i = 0; i < 8; ++i) {
        clients.push_back(s.connect());
        clients.back().send(ask_slow);
      }
      for (int i = 0; i < 8; ++i)
        owed.push_back(s.gate->take());
      answering = std::thread([&] {
        for (auto& request : owed)
          request.reply({.body = "x"});
      });
      s.http.stop(0ms);
    }
    answering.join();
  }
}

TEST(HttpServerStop, GivenRespondersThatOutliveTheServerWhenUsedThenHarmless) {
  std::vector<gateway::request> owed;
  {
    served s;
    auto c = s.connect();
    c.send(std::string(ask_slow) + ask_slow);
    owed.push_back(s.gate->take());
    owed.push_back(s.gate->take());
  }
  EXPECT_TRUE(owed[0].reply.abandoned());
  owed[0].reply({.body = "late"});
  owed.clear();
}

TEST(HttpServerStop, GivenStoppedServerWhenStoppedAgainThenNothing) {
  served s;
  s.http.stop(1s);
  s.http.stop(1s);
  server never({}, s.gate);
  never.stop(1s);
}

} // namespace

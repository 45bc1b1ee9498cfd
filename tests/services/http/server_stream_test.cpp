#include "tests/services/http/support.hpp"

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using namespace tutti::tests::services_http;

/// A feed that is filled by the test; what it was asked for is counted.
class manual_feed final : public gateway::event_feed {
public:
  explicit manual_feed(std::shared_ptr<std::atomic<int>> alive) : alive_(std::move(alive)) { ++*alive_; }
  ~manual_feed() override { --*alive_; }

  void pull(std::string& out, std::size_t max_bytes) override {
    std::lock_guard lock{mutex_};
    ++pulls;
    largest = max_bytes;
    if (broken)
      throw std::runtime_error("broken feed");
    out.append(endless ? std::string(max_bytes, '.') : std::exchange(waiting_, {}));
  }
  void on_ready(std::function<void()> wake) override {
    std::lock_guard lock{mutex_};
    wake_ = std::move(wake);
  }
  bool ready() {
    std::lock_guard lock{mutex_};
    return bool(wake_);
  }
  void add(std::string_view event) {
    std::function<void()> wake;
    {
      std::lock_guard lock{mutex_};
      waiting_ += event;
      wake = wake_;
    }
    if (wake)
      wake();
  }

  std::atomic<bool> endless = false;
  std::atomic<int> pulls = 0;
  std::atomic<std::size_t> largest = 0;
  std::atomic<bool> broken = false;

private:
  std::shared_ptr<std::atomic<int>> alive_;
  std::mutex mutex_;
  std::string waiting_;
  std::function<void()> wake_;
};

struct HttpServerStream : testing::Test {
  std::shared_ptr<std::atomic<int>> alive = std::make_shared<std::atomic<int>>(0);

  /// Answers the next request by a stream; the server has the only owner of the feed.
  std::weak_ptr<manual_feed> stream(served& s, bool endless = false) {
    auto feed = std::make_shared<manual_feed>(alive);
    feed->endless = endless;
    std::weak_ptr<manual_feed> seen = feed;
    s.gate->take().reply({.feed = std::move(feed)});
    return seen;
  }
};

constexpr auto ask_events = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(HttpServerStream, GivenEventsWhenAddedThenChunked) {
  served s;
  auto c = s.connect();
  c.send(ask_events);
  auto feed = stream(s);
  auto head = c.read_until("\r\n\r\n");
  for (auto line : {"HTTP/1.1 200 OK\r\n", "\r\nContent-Type: text/event-stream\r\n",
                    "\r\nTransfer-Encoding: chunked\r\n", "\r\nCache-Control: no-cache\r\n",
                    "\r\nX-Accel-Buffering: no\r\n"})
    EXPECT_NE(head.find(line), head.npos) << line << head;
  EXPECT_EQ(head.find("Content-Length"), head.npos);
  ASSERT_TRUE(eventually([&] { return feed.lock()->ready(); }));
  std::thread([&] { feed.lock()->add("data: 1\n\n"); }).join();
  EXPECT_EQ(c.read_until("\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
  feed.lock()->add("data: 22\n\n");
  EXPECT_EQ(c.read_until("\n\n\r\n"), "a\r\ndata: 22\n\n\r\n");
  EXPECT_EQ(feed.lock()->largest, 64u * 1024);
  EXPECT_EQ(s.http.stats().feeds, 1u);
  EXPECT_EQ(s.gate->answers().size(), 1u);
}

TEST_F(HttpServerStream, GivenEventsBeforeTheStreamWhenOpenedThenSent) {
  served s;
  auto c = s.connect();
  c.send(ask_events);
  auto feed = std::make_shared<manual_feed>(alive);
  feed->add("data: early\n\n");
  s.gate->take().reply({.feed = feed});
  c.read_until("data: early\n\n\r\n");
}

TEST_F(HttpServerStream, GivenOldClientWhenStreamedThenPlainUntilTheClose) {
  served s({.linger_timeout = 50ms});
  auto c = s.connect();
  c.send("GET /events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  auto feed = stream(s);
  auto head = c.read_until("\r\n\r\n");
  EXPECT_EQ(head.find("chunked"), head.npos);
  EXPECT_NE(head.find("Connection: close"), head.npos);
  ASSERT_TRUE(eventually([&] { return feed.lock()->ready(); }));
  feed.lock()->add("data: 1\n\n");
  EXPECT_EQ(c.read_until("\n\n"), "data: 1\n\n");
  std::thread([&] { s.http.stop(5s); }).join();
  EXPECT_TRUE(c.closed());
}

TEST_F(HttpServerStream, GivenQuietFeedWhenTimePassesThenHeartbeat) {
  served s({.heartbeat = 50ms});
  auto c = s.connect();
  c.send(ask_events);
  stream(s);
  c.read_until("\r\n\r\n");
  EXPECT_EQ(c.read_until("\n\n\r\n"), "8\r\n: ping\n\n\r\n");
  EXPECT_EQ(c.read_until("\n\n\r\n"), "8\r\n: ping\n\n\r\n");
}

TEST_F(HttpServerStream, GivenClientWhenItLeavesThenFeedIsDestroyed) {
  served s;
  for (bool politely : {true, false}) {
    auto c = s.connect();
    c.send(ask_events);
    stream(s);
    c.read_until("\r\n\r\n");
    EXPECT_EQ(*alive, 1);
    politely ? c.send_fin() : c.reset();
    EXPECT_TRUE(eventually([&] { return *alive == 0; }));
  }
  EXPECT_TRUE(eventually([&] { return s.http.stats().open_connections == 0; }));
  EXPECT_EQ(s.http.stats().feeds, 0u);
}

TEST_F(HttpServerStream, GivenFeedThatOutlivesItsClientWhenWokenThenNothing) {
  served s;
  auto c = s.connect();
  c.send(ask_events);
  auto feed = std::make_shared<manual_feed>(alive);
  s.gate->take().reply({.feed = feed});
  c.read_until("\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return feed->ready(); }));
  c.reset();
  EXPECT_TRUE(eventually([&] { return feed.use_count() == 1; }));
  feed->add("data: nobody\n\n");
}

TEST_F(HttpServerStream, GivenClientThatDoesNotReadWhenMoreComesThenNotPulledAndCut) {
  served s({.write_timeout = 300ms});
  auto c = s.connect(4096);
  c.send(ask_events);
  auto feed = stream(s, true);
  int pulls = -1;
  // The buffers between fill up, then it stops.
  ASSERT_TRUE(eventually([&] {
    auto f = feed.lock();
    return !f || std::exchange(pulls, f->pulls.load()) == f->pulls;
  }));
  EXPECT_LT(pulls, 400);
  EXPECT_TRUE(eventually([&] { return *alive == 0; }));
}

TEST_F(HttpServerStream, GivenEndlessFeedWhenReadThenOthersAreServedToo) {
  served s;
  auto greedy = s.connect();
  greedy.send(ask_events);
  stream(s, true);
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done)
      greedy.read_until("...\r\n");
  });
  auto c = s.connect();
  for (int i = 0; i < 50; ++i) {
    c.send("GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(c.read().status, 200);
  }
  done = true;
  reader.join();
}

TEST_F(HttpServerStream, GivenFeedThatThrowsWhenPulledThenItsStreamEnds) {
  served s;
  auto c = s.connect(), other = s.connect();
  c.send(ask_events);
  auto feed = stream(s);
  c.read_until("\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return feed.lock()->ready(); }));
  if (auto f = feed.lock()) {
    f->broken = true;
    f->add("data: never\n\n");
  }
  EXPECT_EQ(c.read_rest(), "0\r\n\r\n");
  other.send("GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(other.read().status, 200);
}

TEST_F(HttpServerStream, GivenHeadWhenStreamWouldComeThenFieldsOnly) {
  served s;
  auto c = s.connect();
  c.send("HEAD /events HTTP/1.1\r\nHost: x\r\n\r\n");
  stream(s);
  EXPECT_EQ(c.read(true).field("Content-Type"), "text/event-stream");
  EXPECT_TRUE(eventually([&] { return *alive == 0; }));
  c.send("GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(c.read().body, "now");
}

TEST_F(HttpServerStream, GivenServerWhenStoppedThenStreamEndsProperly) {
  served s;
  auto c = s.connect();
  c.send(ask_events);
  stream(s);
  c.read_until("\r\n\r\n");
  std::thread stopper([&] { s.http.stop(5s); });
  EXPECT_EQ(c.read_rest(), "0\r\n\r\n");
  c.send_fin();
  stopper.join();
  EXPECT_EQ(*alive, 0);
}

} // namespace

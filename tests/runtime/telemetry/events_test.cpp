#include "runtime/telemetry/events.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <rapidjson/document.h>

using namespace tutti::runtime::telemetry;

namespace {

std::vector<std::uint64_t> numbers(const std::vector<event>& events) {
  std::vector<std::uint64_t> out;
  for (auto& e : events)
    out.push_back(e.seq);
  return out;
}

using list = std::vector<std::uint64_t>;

TEST(EventBus, GivenEventsWhenReadThenInOrderFromOne) {
  event_bus bus{8};
  EXPECT_EQ(bus.last_seq(), 0U);
  EXPECT_EQ(bus.publish(topic::job, "job.queued", "j1"), 1U);
  EXPECT_EQ(bus.publish(topic::player, "player.track", "g1", R"({"a":1})"), 2U);
  std::vector<event> out;
  auto read = bus.read_after(0, 10, out);
  EXPECT_EQ(numbers(out), (list{1, 2}));
  EXPECT_EQ(read.last, 2U);
  EXPECT_EQ(read.missed, 0U);
  EXPECT_FALSE(read.more);
  EXPECT_EQ(out[0].subject(), "j1");
  EXPECT_EQ(std::string_view{out[0].kind}, "job.queued");
  EXPECT_EQ(out[1].topic, topic::player);
  EXPECT_EQ(out[1].detail, R"({"a":1})");
  EXPECT_GT(out[0].time_us, 1'600'000'000'000'000);
}

TEST(EventBus, GivenNothingNewWhenReadThenNothing) {
  event_bus bus{8};
  std::vector<event> out;
  EXPECT_EQ(bus.read_after(0, 10, out).last, 0U);
  bus.publish(topic::job, "job.queued", "j");
  auto read = bus.read_after(1, 10, out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(read.last, 1U);
  EXPECT_FALSE(read.reset);
}

TEST(EventBus, GivenFullRingWhenReaderIsBehindThenToldHowManyItMissed) {
  event_bus bus{4};
  for (int i = 0; i < 10; ++i)
    bus.publish(topic::node, "node.tick", "n");
  std::vector<event> out;
  auto read = bus.read_after(3, 10, out);
  EXPECT_EQ(numbers(out), (list{7, 8, 9, 10}));
  EXPECT_EQ(read.missed, 3U);
  out.clear();
  read = bus.read_after(6, 10, out);
  EXPECT_EQ(read.missed, 0U);
  EXPECT_EQ(out.size(), 4U);
  out.clear();
  EXPECT_EQ(bus.read_after(0, 10, out).missed, 0U) << "who starts afresh has missed nothing";
  EXPECT_EQ(out.size(), 4U);
}

TEST(EventBus, GivenLimitWhenReadThenSaysThatThereIsMore) {
  event_bus bus{200};
  for (int i = 0; i < 150; ++i)
    bus.publish(topic::node, "node.tick", "n");
  std::vector<event> out;
  auto read = bus.read_after(0, 100, out);
  EXPECT_EQ(out.size(), 100U);
  EXPECT_TRUE(read.more);
  read = bus.read_after(read.last, 100, out);
  EXPECT_EQ(out.size(), 150U);
  EXPECT_FALSE(read.more);
  EXPECT_TRUE(bus.read_after(0, 0, out).more);
}

TEST(EventBus, GivenNumberOfAnotherProcessWhenReadThenStartsAfresh) {
  event_bus bus{8};
  bus.publish(topic::node, "node.start", "n");
  std::vector<event> out;
  auto read = bus.read_after(5'000, 10, out);
  EXPECT_TRUE(read.reset);
  EXPECT_EQ(read.missed, 0U);
  EXPECT_EQ(numbers(out), (list{1}));
}

TEST(EventBus, GivenLongSubjectAndDetailWhenPublishedThenBounded) {
  event_bus bus{1};
  bus.publish(topic::actor, "actor.stop", std::string(100, 's'), std::string(event_bus::max_detail + 1, 'd'));
  std::vector<event> out;
  bus.read_after(0, 1, out);
  EXPECT_EQ(out[0].subject(), std::string(64, 's'));
  EXPECT_TRUE(out[0].detail.empty());
}

TEST(EventBus, GivenCapacityZeroWhenPublishedThenKeepsOne) {
  event_bus bus{0};
  bus.publish(topic::node, "node.tick", "");
  bus.publish(topic::node, "node.tick", "");
  std::vector<event> out;
  bus.read_after(0, 9, out);
  EXPECT_EQ(numbers(out), (list{2}));
}

TEST(EventBus, GivenSubscriberWhenManyEventsThenWokenOnceUntilItReads) {
  event_bus bus{8};
  bus.publish(topic::node, "node.tick", "before");
  int wakes = 0;
  auto reader = bus.subscribe([&] { ++wakes; });
  EXPECT_EQ(wakes, 0);
  for (int i = 0; i < 5; ++i)
    bus.publish(topic::node, "node.tick", "n");
  EXPECT_EQ(wakes, 1);
  std::vector<event> out;
  reader.read_after(0, 2, out);
  reader.read_after(2, 99, out);
  EXPECT_EQ(wakes, 1);
  bus.publish(topic::node, "node.tick", "n");
  EXPECT_EQ(wakes, 2);
  bus.read_after(0, 1, out); // of the bus, not of the subscription
  bus.publish(topic::node, "node.tick", "n");
  EXPECT_EQ(wakes, 2);
}

TEST(EventBus, GivenSubscriptionWhenEndedThenNoMoreWakes) {
  event_bus bus{8};
  int wakes = 0;
  {
    auto reader = bus.subscribe([&] { ++wakes; });
    auto moved = std::move(reader);
    bus.publish(topic::node, "node.tick", "n");
    std::vector<event> out;
    moved.read_after(0, 9, out);
    EXPECT_EQ(reader.read_after(0, 9, out).last, 0U) << "moved from";
  }
  bus.publish(topic::node, "node.tick", "n");
  EXPECT_EQ(wakes, 1);
}

TEST(EventBus, GivenCallbackThatEndsItsSubscriptionWhenWokenThenFine) {
  event_bus bus{8};
  int wakes = 0;
  event_bus::subscription reader;
  reader = bus.subscribe([&] {
    ++wakes;
    reader.end();
  });
  bus.publish(topic::node, "node.tick", "n");
  bus.publish(topic::node, "node.tick", "n");
  EXPECT_EQ(wakes, 1);
}

TEST(EventBus, GivenCallbackThatThrowsOrReadsWhenWokenThenPublisherUnharmed) {
  event_bus bus{8};
  std::vector<event> out;
  auto bad = bus.subscribe([] { throw 1; });
  event_bus::subscription reader;
  reader = bus.subscribe([&] { reader.read_after(0, 9, out); });
  bus.publish(topic::node, "node.tick", "n");
  EXPECT_EQ(out.size(), 1U);
}

TEST(EventBus, GivenSubscriptionWhenItOutlivesTheBusThenHarmless) {
  event_bus::subscription reader;
  {
    event_bus bus{8};
    bus.publish(topic::node, "node.tick", "n");
    reader = bus.subscribe([] {});
  }
  std::vector<event> out;
  EXPECT_EQ(reader.read_after(0, 9, out).last, 1U);
}

TEST(EventBus, GivenSubscriptionsEndingDuringWakesWhenPublishedThenNoCallbackRunsAfterwards) {
  event_bus bus{64};
  std::atomic<bool> stop{false};
  std::vector<std::thread> publishers;
  for (int t = 0; t < 2; ++t)
    publishers.emplace_back([&] {
      while (!stop)
        bus.publish(topic::node, "node.tick", "n", R"({"x":"something that needs the heap"})");
    });
  for (int i = 0; i < 2000; ++i) {
    auto alive = std::make_unique<std::atomic<int>>(1);
    auto reader = bus.subscribe([p = alive.get()] { ASSERT_EQ(p->load(), 1); });
    std::vector<event> out;
    reader.read_after(0, 64, out);
    reader.end();
    alive->store(0);
  }
  stop = true;
  for (auto& thread : publishers)
    thread.join();
}

TEST(EventBus, GivenConcurrentPublishersWhenReadThenNumbersWithoutGaps) {
  event_bus bus{10'000};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&bus] {
      for (int i = 0; i < 1000; ++i)
        bus.publish(topic::job, "job.queued", "j");
    });
  for (auto& thread : threads)
    thread.join();
  std::vector<event> out;
  bus.read_after(0, 10'000, out);
  ASSERT_EQ(out.size(), 4000U);
  for (std::size_t i = 0; i < out.size(); ++i)
    ASSERT_EQ(out[i].seq, i + 1);
}

TEST(EventStream, GivenEventWhenRenderedThenThreeFieldsAndJson) {
  event_bus bus;
  bus.publish(topic::job, "job.succeeded", "j\"1\n", "{\"ms\":\n5}");
  std::vector<event> out;
  bus.read_after(0, 1, out);
  std::string text;
  append_event_stream(text, out[0]);
  ASSERT_TRUE(text.starts_with("id: 1\nevent: job.succeeded\ndata: {")) << text;
  ASSERT_TRUE(text.ends_with("}\n\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  rapidjson::Document d;
  auto json = text.substr(text.find('{'));
  d.Parse(json.c_str());
  ASSERT_FALSE(d.HasParseError()) << json;
  EXPECT_EQ(d["seq"].GetUint64(), 1U);
  EXPECT_STREQ(d["topic"].GetString(), "job");
  EXPECT_STREQ(d["kind"].GetString(), "job.succeeded");
  EXPECT_STREQ(d["subject"].GetString(), "j\"1\n");
  EXPECT_EQ(d["detail"]["ms"].GetInt(), 5);
}

TEST(EventStream, GivenSubjectCutInsideACharacterWhenRenderedThenStillUtf8) {
  event_bus bus;
  bus.publish(topic::player, "player.track", std::string(63, 'x') + "\xE2\x82\xAC");
  std::vector<event> out;
  bus.read_after(0, 1, out);
  std::string text;
  append_event_stream(text, out[0]);
  EXPECT_NE(text.find("x\xEF\xBF\xBD\""), std::string::npos) << text;
}

TEST(EventStream, GivenMissedEventsWhenRenderedThenAnEventWithoutId) {
  std::string text;
  append_missed_stream(text, 12);
  EXPECT_EQ(text, "event: missed\ndata: {\"missed\":12}\n\n");
}

} // namespace

#include "runtime/jobs/memory/keys.hpp"
#include "runtime/jobs/memory/queue.hpp"

#include <algorithm>
#include <memory>
#include <random>

#include <gtest/gtest.h>

using namespace tutti::runtime::jobs;
using namespace tutti::runtime::jobs::memory;

namespace {

constexpr unix_ms t0 = 1800000000000;

std::vector<std::unique_ptr<record>> records(std::size_t n) {
  std::vector<std::unique_ptr<record>> out;
  for (std::size_t i = 0; i < n; ++i) {
    out.push_back(std::make_unique<record>());
    out.back()->id = make_job_id(t0 + static_cast<unix_ms>(i * 3));
  }
  return out;
}

std::vector<job_id> listed(id_index& index, job_id after = {}) {
  std::vector<job_id> out;
  index.for_each_after(after, [&](record& r) {
    out.push_back(r.id);
    return true;
  });
  return out;
}

TEST(IdIndex, GivenRandomAddsAndRemovesWhenListedThenOrderedAndComplete) {
  std::minstd_rand random{7};
  auto all = records(2000);
  std::vector<record*> in, out;
  for (auto& r : all)
    out.push_back(r.get());
  id_index index;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 500; ++i) {
      auto& from = !out.empty() && (in.empty() || random() % 2) ? out : in;
      auto k = random() % from.size();
      auto* r = from[k];
      from.erase(from.begin() + static_cast<std::ptrdiff_t>(k));
      if (&from == &out) {
        index.add(*r);
        in.push_back(r);
      } else {
        index.remove(*r);
        out.push_back(r);
      }
    }
    std::vector<job_id> expected;
    for (auto* r : in)
      expected.push_back(r->id);
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(listed(index), expected);
    ASSERT_EQ(index.size(), in.size());
    if (!expected.empty()) {
      auto middle = expected[expected.size() / 2];
      ASSERT_EQ(listed(index, middle),
                std::vector<job_id>(expected.begin() + static_cast<std::ptrdiff_t>(expected.size() / 2) + 1,
                                    expected.end()));
    }
  }
}

TEST(IdIndex, GivenVisitorThatStopsWhenListedThenNoFurther) {
  auto all = records(10);
  id_index index;
  for (auto& r : all)
    index.add(*r);
  int seen = 0;
  index.for_each_after({}, [&](record&) { return ++seen < 4; });
  EXPECT_EQ(seen, 4);
}

TEST(RecordList, GivenRemovalsAnywhereWhenPoppedThenFirstInFirstOut) {
  auto all = records(5);
  record_list list;
  for (auto& r : all)
    list.push_back(*r);
  list.remove(*all[2]);
  list.remove(*all[0]);
  list.remove(*all[4]);
  EXPECT_EQ(list.size(), 2u);
  EXPECT_EQ(list.pop_front(), all[1].get());
  EXPECT_EQ(list.pop_front(), all[3].get());
  EXPECT_EQ(list.pop_front(), nullptr);
  EXPECT_TRUE(list.empty());
}

TEST(KeyIndex, GivenKeyWhenItsJobIsGoneThenKnownUntilItExpires) {
  key_index keys;
  auto id = make_job_id(t0);
  EXPECT_FALSE(keys.find("k"));
  keys.add("k", id);
  ASSERT_TRUE(keys.find("k"));
  EXPECT_EQ(keys.find("k")->id, id);
  EXPECT_FALSE(keys.find("k")->gone);
  EXPECT_FALSE(keys.next_expiry());
  keys.keep("k", id, {1, 2}, job_status::succeeded, t0 + 100);
  ASSERT_TRUE(keys.find("k")->gone);
  EXPECT_EQ(keys.find("k")->gone->first, (fingerprint{1, 2}));
  EXPECT_EQ(keys.find("k")->gone->second, job_status::succeeded);
  EXPECT_EQ(keys.next_expiry(), t0 + 100);
  keys.trim(t0 + 99, 100, 10);
  EXPECT_TRUE(keys.find("k"));
  keys.trim(t0 + 100, 100, 10);
  EXPECT_FALSE(keys.find("k"));
  EXPECT_EQ(keys.size(), 0u);
}

TEST(KeyIndex, GivenMoreThanTheBoundWhenTrimmedThenOldestGoAndAtMostSoMany) {
  key_index keys;
  for (int i = 0; i < 20; ++i) {
    auto id = make_job_id(t0);
    keys.add("k" + std::to_string(i), id);
    keys.keep("k" + std::to_string(i), id, {}, job_status::cancelled, t0 + 1000);
  }
  keys.trim(t0, 10, 4);
  EXPECT_EQ(keys.size(), 16u);
  keys.trim(t0, 10, 100);
  EXPECT_EQ(keys.size(), 10u);
  EXPECT_FALSE(keys.find("k9"));
  EXPECT_TRUE(keys.find("k10"));
}

TEST(RateMeter, GivenEventsWhenReadThenPerSecondOverTheLastMinute) {
  rate_meter m;
  EXPECT_EQ(m.per_second(t0), 0);
  for (int i = 0; i < 600; ++i)
    m.add(t0 + i * 100); // ten a second for a minute
  EXPECT_NEAR(m.per_second(t0 + 59999), 10, 1.5);
  EXPECT_NEAR(m.per_second(t0 + 90000), 5, 1.5);
  EXPECT_EQ(m.per_second(t0 + 200000), 0);
  m.add(t0 - 3600000); // the clock stepped back
  EXPECT_GE(m.per_second(t0 - 3600000), 0);
}

struct Queue : testing::Test {
  std::vector<std::unique_ptr<record>> all = records(20);
  record& put(memory::queue& q, std::size_t i, priority p, unix_ms due) {
    all[i]->priority = p;
    all[i]->due_at = due;
    q.push(*all[i]);
    return *all[i];
  }
};

TEST_F(Queue, GivenLevelsWhenTakenThenAgeCountsAgainstPriority) {
  memory::queue q{"q", {}};
  auto& low = put(q, 0, priority::low, t0);
  auto& high = put(q, 1, priority::high, t0 + 1999);
  auto& medium = put(q, 2, priority::medium, t0 + 1500);
  auto& late = put(q, 3, priority::high, t0 + 2001);
  EXPECT_EQ(q.oldest(), t0);
  EXPECT_EQ(q.take(t0 + 3000, 1000), &high); // ranks 1999, 2000, 2500
  EXPECT_EQ(q.take(t0 + 3000, 1000), &low);
  EXPECT_EQ(q.take(t0 + 3000, 1000), &late);
  EXPECT_EQ(q.take(t0 + 3000, 1000), &medium);
  EXPECT_EQ(q.take(t0 + 3000, 1000), nullptr);
  EXPECT_EQ(q.oldest(), 0);
}

TEST_F(Queue, GivenConcurrencyOrPauseWhenReachedThenNothing) {
  memory::queue q{"q", {1, 0, 1}};
  put(q, 0, priority::high, t0);
  q.running = 1;
  EXPECT_EQ(q.take(t0, 1000), nullptr);
  q.running = 0;
  q.paused = true;
  EXPECT_EQ(q.take(t0, 1000), nullptr);
  q.paused = false;
  EXPECT_NE(q.take(t0, 1000), nullptr);
}

TEST_F(Queue, GivenRateWhenTakenThenBurstThenOnePerPeriod) {
  memory::queue q{"q", {0, 4, 2}};
  for (std::size_t i = 0; i < 8; ++i)
    put(q, i, priority::high, t0);
  EXPECT_TRUE(q.take(t0, 0));
  EXPECT_TRUE(q.take(t0, 0));
  EXPECT_FALSE(q.take(t0, 0));
  ASSERT_EQ(q.next_start(t0), t0 + 250);
  EXPECT_FALSE(q.take(t0 + 249, 0));
  EXPECT_TRUE(q.take(t0 + 250, 0));
  EXPECT_FALSE(q.take(t0 + 250, 0));
  EXPECT_TRUE(q.take(t0 + 60000, 0)); // a long pause fills the burst, no more
  EXPECT_TRUE(q.take(t0 + 60000, 0));
  EXPECT_FALSE(q.take(t0 + 60000, 0));
  EXPECT_FALSE(q.take(t0, 0)); // the clock steps back
  EXPECT_EQ(q.next_start(t0), t0 + 250);
  EXPECT_TRUE(q.take(t0 + 250, 0));
}

TEST_F(Queue, GivenOddRateWhenItsTimeIsReachedThenOneMayStart) {
  for (double rate : {0.3, 3.0, 7.0, 1000.0, 333.3}) {
    memory::queue q{"q", {0, rate, 1}};
    for (std::size_t i = 0; i < 3; ++i)
      put(q, i, priority::high, t0);
    auto now = t0;
    ASSERT_TRUE(q.take(now, 0));
    for (int i = 0; i < 2; ++i) {
      ASSERT_FALSE(q.take(now, 0));
      auto next = q.next_start(now);
      ASSERT_TRUE(next);
      ASSERT_GT(*next, now);
      now = *next;
      ASSERT_TRUE(q.take(now, 0)) << rate;
    }
  }
}

} // namespace

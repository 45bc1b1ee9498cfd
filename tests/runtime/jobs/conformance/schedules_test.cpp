#include "tests/runtime/jobs/conformance/job_store.hpp"

// Recurring jobs.
namespace tutti::tests::conformance {
namespace {

using namespace std::chrono_literals;

schedule_spec every(milliseconds interval, job_spec what, const std::string& name = "s") {
  schedule_spec out;
  out.name = name;
  out.job = std::move(what);
  out.interval_ms = interval.count();
  return out;
}

TEST_P(JobStore, GivenIntervalWhenTimePassesThenFiresEachTimeWithANewJob) {
  auto w = attach(10);
  auto spec = every(1000ms, job("tick"));
  spec.job.payload = R"({"x":1})";
  auto placed = put(spec);
  ASSERT_TRUE(placed) << placed.error;
  EXPECT_EQ(placed->next_at, placed->created_at + 1000);
  auto fired = serve(w, 3500ms);
  ASSERT_EQ(fired.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_GE(fired[i].created_at, placed->created_at + 1000 * static_cast<unix_ms>(i + 1));
    EXPECT_LE(fired[i].created_at,
              placed->created_at + 1000 * static_cast<unix_ms>(i + 1) + here().slack().count());
  }
  auto all = schedules();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].fired, 3u);
  EXPECT_EQ(all[0].last_job, fired.back().id);
  EXPECT_GT(all[0].next_at, now());
  auto j = get(all[0].last_job);
  ASSERT_TRUE(j);
  EXPECT_EQ(j->type, "tick");
  EXPECT_EQ(j->payload, R"({"x":1})");
}

TEST_P(JobStore, GivenCronWhenPlacedThenNextTimeIsByItsZone) {
  schedule_spec spec;
  spec.name = "nightly";
  spec.job = job();
  spec.cron = "0 3 * * *";
  spec.time_zone = "Europe/Berlin";
  auto placed = put(spec);
  ASSERT_TRUE(placed) << placed.error;
  auto by_rule = std::get<recurrence>(recurrence::parse_cron("0 3 * * *", "Europe/Berlin"));
  EXPECT_EQ(placed->next_at, by_rule.next_after(placed->created_at));
}

TEST_P(JobStore, GivenCronEachSecondWhenTimePassesThenFires) {
  auto w = attach(10);
  schedule_spec spec;
  spec.name = "s";
  spec.job = job();
  spec.cron = "* * * * * *";
  ASSERT_TRUE(put(spec));
  auto fired = serve(w, 3000ms);
  EXPECT_GE(fired.size(), 2u);
  EXPECT_LE(fired.size(), 4u);
}

TEST_P(JobStore, GivenBadRecurrenceWhenPutThenRejectedWithWordsAndNothingChanges) {
  schedule_spec spec;
  spec.name = "s";
  spec.job = job();
  spec.cron = "61 * * * *";
  EXPECT_EQ(put(spec).error.rfind("rejected: ", 0), 0u);
  spec.cron = "0 3 * * *";
  spec.time_zone = "Mars/Olympus";
  EXPECT_EQ(put(spec).error.rfind("rejected: ", 0), 0u);
  EXPECT_EQ(put(every(10ms, job())).error.rfind("rejected: ", 0), 0u);
  EXPECT_TRUE(schedules().empty());
}

TEST_P(JobStore, GivenPausedWhenTimePassesThenNothingFiresUntilResumed) {
  auto w = attach(10);
  auto spec = every(1000ms, job());
  spec.missed = catch_up::all;
  spec.paused = true;
  auto placed = put(spec);
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->next_at, 0);
  EXPECT_TRUE(serve(w, 2500ms).empty());
  spec.paused = false;
  auto resumed = put(spec);
  ASSERT_TRUE(resumed);
  EXPECT_EQ(resumed->created_at, placed->created_at);
  EXPECT_GT(resumed->next_at, now());
  EXPECT_EQ(serve(w, 1500ms).size(), 1u) << "a pause is not made up for";
}

TEST_P(JobStore, GivenReplacementWhenPutThenOnlyTheNewOneFires) {
  auto w = attach(10);
  ASSERT_TRUE(put(every(1000ms, job("old"))));
  serve(w, 1200ms);
  auto second = put(every(1000ms, job("new")));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->fired, 1u) << "its count goes on";
  auto fired = serve(w, 2200ms);
  ASSERT_FALSE(fired.empty());
  for (auto& f : fired)
    EXPECT_EQ(f.type, "new");
  EXPECT_EQ(schedules().size(), 1u);
}

TEST_P(JobStore, GivenDeletedWhenTimePassesThenNothingFires) {
  auto w = attach(10);
  ASSERT_TRUE(put(every(1000ms, job())));
  ASSERT_TRUE(delete_schedule("s"));
  EXPECT_EQ(delete_schedule("s").error.rfind("not found", 0), 0u);
  EXPECT_TRUE(serve(w, 1500ms).empty());
  EXPECT_TRUE(schedules().empty());
}

TEST_P(JobStore, GivenSchedulesWhenListedThenByName) {
  ASSERT_TRUE(put(every(1h, job(), "b")));
  ASSERT_TRUE(put(every(1h, job(), "c")));
  ASSERT_TRUE(put(every(1h, job(), "a")));
  std::string names;
  for (auto& s : schedules())
    names += s.spec.name;
  EXPECT_EQ(names, "abc");
}

TEST_P(JobStore, GivenJitterWhenFiredThenWithinItsBound) {
  auto w = attach(10);
  auto spec = every(1000ms, job());
  spec.jitter_ms = 400;
  auto placed = put(spec);
  ASSERT_TRUE(placed);
  auto fired = serve(w, 6000ms);
  ASSERT_GE(fired.size(), 4u);
  for (auto& f : fired) {
    auto late = (f.created_at - placed->created_at) % 1000;
    EXPECT_LE(late, 400 + here().slack().count());
  }
}

/// The store's actor is away while times pass.
TEST_P(JobStore, GivenMissedTimesWhenTheStoreIsBackThenCatchesUpAsTold) {
  auto w = attach(100);
  auto none = every(1000ms, job("none"), "none");
  none.interval_ms = 60000;
  auto once = every(1000ms, job("once"), "once");
  once.missed = catch_up::once;
  auto all = every(1000ms, job("all"), "all");
  all.missed = catch_up::all;
  ASSERT_TRUE(put(none));
  ASSERT_TRUE(put(once));
  ASSERT_TRUE(put(all));
  if (!here().step_wall_clock(100500ms))
    GTEST_SKIP() << "its clock cannot be moved"; // real providers: end_store and wait, see their own tests
  auto w2 = attach(1000);
  ASSERT_TRUE(eventually([&] { return waiting(w) + waiting(w2) > 0; }, 61s));
  std::map<std::string, int> count;
  for (auto& x : {w, w2})
    while (waiting(x) > 0)
      ++count[claim(x).type];
  EXPECT_EQ(count["once"], 1);
  EXPECT_GE(count["all"], 99);
  EXPECT_LE(count["all"], 162);
  EXPECT_EQ(count["none"], 0) << "its time was missed by far";
}

} // namespace
} // namespace tutti::tests::conformance

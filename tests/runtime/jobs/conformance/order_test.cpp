#include "tests/runtime/jobs/conformance/job_store.hpp"

#include <numeric>

// Who runs next: priorities, keys, limits of a queue, pause and purge.
namespace tutti::tests::conformance {
namespace {

using namespace std::chrono_literals;

TEST_P(JobStore, GivenPrioritiesWhenClaimedThenHighFirstAndFirstInFirstOutWithin) {
  std::vector<job_id> low, medium, high;
  for (int i = 0; i < 3; ++i)
    for (auto [p, ids] :
         {std::pair{priority::low, &low}, {priority::medium, &medium}, {priority::high, &high}}) {
      auto spec = job();
      spec.priority = p;
      ids->push_back(accept(spec));
    }
  auto w = attach(1);
  std::vector<job_id> order;
  for (int i = 0; i < 9; ++i) {
    auto c = claim(w);
    order.push_back(c.id);
    finish(w, c, kind::succeeded);
  }
  std::vector<job_id> expected = high;
  expected.insert(expected.end(), medium.begin(), medium.end());
  expected.insert(expected.end(), low.begin(), low.end());
  EXPECT_EQ(order, expected);
}

TEST_P(JobStore, GivenLowJobWhenItHasAgedThenOvertakesNewHighOnes) {
  options.ageing_ms = 300; // a level
  auto spec = job();
  spec.priority = priority::low;
  auto old_low = accept(spec);
  pass(400ms);
  spec = job();
  spec.priority = priority::high;
  auto newer_high = accept(spec); // low has 600 ms to wait for it
  pass(300ms);
  spec = job();
  spec.priority = priority::high;
  auto new_high = accept(spec);
  auto w = attach(1);
  std::vector<job_id> order;
  for (int i = 0; i < 3; ++i) {
    auto c = claim(w);
    order.push_back(c.id);
    finish(w, c, kind::succeeded);
  }
  EXPECT_EQ(order, (std::vector{newer_high, old_low, new_high}));
}

TEST_P(JobStore, GivenEqualKeysWhenWorkersAreFreeThenOneAtATimeInOrder) {
  auto w = attach(10);
  std::vector<job_id> ids;
  for (int i = 0; i < 5; ++i)
    ids.push_back(accept(keyed("guild")));
  for (auto id : ids) {
    auto c = claim(w);
    EXPECT_EQ(c.id, id);
    EXPECT_TRUE(idle(w)) << "two of one key at once";
    finish(w, c, kind::succeeded);
  }
}

TEST_P(JobStore, GivenKeyWhenItsJobRetriesThenTheNextOnesWait) {
  auto w = attach(10);
  auto first = accept(keyed("guild"));
  auto second = accept(keyed("guild"));
  finish(w, claim(w), kind::retry, 200ms);
  EXPECT_TRUE(idle(w)) << "overtaken while it waits for its retry";
  auto c = claim(w);
  EXPECT_EQ(c.id, first);
  finish(w, c, kind::snoozed, 100ms);
  EXPECT_TRUE(idle(w)) << "overtaken while it snoozes";
  c = claim(w);
  EXPECT_EQ(c.id, first);
  finish(w, c, kind::released);
  c = claim(w);
  EXPECT_EQ(c.id, first);
  finish(w, c, kind::dead);
  EXPECT_EQ(claim(w).id, second) << "a dead letter lets the next one in";
}

TEST_P(JobStore, GivenKeyWhenItsJobsAreCancelledThenTheNextOneRuns) {
  auto w = attach(10);
  auto a = accept(keyed("g"));
  auto b = accept(keyed("g"));
  auto c = accept(keyed("g"));
  auto d = accept(keyed("g"));
  auto running = claim(w);
  ASSERT_EQ(running.id, a);
  EXPECT_EQ(cancel(b)->outcome, cancelled::done) << "in the line";
  finish(w, running, kind::retry, 10s);
  ASSERT_TRUE(becomes(a, job_status::retrying));
  EXPECT_TRUE(idle(w));
  EXPECT_EQ(cancel(a)->outcome, cancelled::done) << "its holder";
  auto next = claim(w);
  EXPECT_EQ(next.id, c);
  EXPECT_EQ(cancel(d)->outcome, cancelled::done);
  finish(w, next, kind::succeeded);
  EXPECT_TRUE(idle(w));
}

TEST_P(JobStore, GivenKeyWhenClaimIsLostThenSameJobFirst) {
  auto w1 = attach(10);
  auto first = accept(keyed("g"));
  auto second = accept(keyed("g"));
  EXPECT_EQ(claim(w1).id, first);
  auto w2 = attach(10);
  end(w1);
  auto c = claim(w2, 10s);
  EXPECT_EQ(c.id, first);
  EXPECT_TRUE(idle(w2));
  finish(w2, c, kind::succeeded);
  EXPECT_EQ(claim(w2).id, second);
}

TEST_P(JobStore, GivenKeyedDeadLetterWhenRetriedThenTakesItsTurn) {
  auto w = attach(10);
  auto dead = bury(w, keyed("g"), "failed", "");
  auto other = accept(keyed("g"));
  auto c = claim(w);
  EXPECT_EQ(c.id, other);
  ASSERT_TRUE(retry(dead));
  EXPECT_TRUE(idle(w)) << "overlaps";
  finish(w, c, kind::succeeded);
  EXPECT_EQ(claim(w).id, dead);
}

TEST_P(JobStore, GivenEqualKeysWhenInDifferentQueuesThenIndependent) {
  auto w = attach(10);
  accept(keyed("g", "one"));
  accept(keyed("g", "two"));
  accept(keyed("h", "one"));
  claim(w);
  claim(w);
  claim(w);
}

TEST_P(JobStore, GivenScheduledJobOfAKeyWhenNotDueThenDoesNotHoldIt) {
  auto w = attach(10);
  auto later = keyed("g");
  later.run_at = now() + 300;
  auto late = accept(later);
  auto at_once = accept(keyed("g"));
  auto c = claim(w);
  EXPECT_EQ(c.id, at_once);
  pass(400ms);
  EXPECT_TRUE(idle(w));
  finish(w, c, kind::succeeded);
  EXPECT_EQ(claim(w).id, late);
}

TEST_P(JobStore, GivenConcurrencyOfAQueueWhenManyWaitThenNeverExceeded) {
  options.queues["narrow"] = {2, 0, 1};
  auto w1 = attach(10);
  auto w2 = attach(10);
  for (int i = 0; i < 6; ++i) {
    auto spec = job();
    spec.queue = "narrow";
    accept(spec);
  }
  auto wide = accept(job());
  std::vector<std::pair<test_worker, claimed_job>> running;
  auto take = [&] {
    for (auto& w : {w1, w2})
      while (waiting(w) > 0) {
        auto c = claim(w);
        if (c.id != wide)
          running.emplace_back(w, c);
      }
  };
  int done = 0;
  while (done < 6) {
    ASSERT_TRUE(eventually([&] {
      take();
      return !running.empty();
    }));
    EXPECT_LE(running.size(), 2u);
    auto [w, c] = running.front();
    running.erase(running.begin());
    finish(w, c, done % 2 ? kind::succeeded : kind::dead);
    ++done;
  }
  EXPECT_EQ(queue("narrow").concurrency, 2u);
}

TEST_P(JobStore, GivenRateOfAQueueWhenManyWaitThenBurstAndThenTheRate) {
  options.queues["slow"] = {0, 10, 3}; // ten a second, three at once
  options.claim_ttl_ms = 60000;
  auto w = attach(100);
  auto began = now();
  for (int i = 0; i < 13; ++i) {
    auto spec = job();
    spec.queue = "slow";
    accept(spec);
  }
  ASSERT_TRUE(eventually([&] { return waiting(w) >= 3; }));
  EXPECT_LE(waiting(w), 4u);
  ASSERT_TRUE(eventually([&] { return waiting(w) == 13; }, 5s));
  auto took = now() - began;
  EXPECT_GE(took, 950);
  EXPECT_LE(took, 1000 + 2 * here().slack().count());
  pass(1s); // the burst is full again, and not more than that
  for (int i = 0; i < 5; ++i) {
    auto spec = job();
    spec.queue = "slow";
    accept(spec);
  }
  EXPECT_LE(waiting(w), 13u + 4u);
  ASSERT_TRUE(eventually([&] { return waiting(w) == 18; }));
}

TEST_P(JobStore, GivenRateWhenWallClockStepsBackThenGoesOn) {
  options.queues["slow"] = {0, 10, 1};
  auto w = attach(10);
  auto put_one = [&] {
    auto spec = job();
    spec.queue = "slow";
    accept(spec);
  };
  put_one();
  claim(w);
  if (!here().step_wall_clock(-1h))
    GTEST_SKIP() << "its clock cannot be moved";
  put_one();
  claim(w, 1s);
}

TEST_P(JobStore, GivenPausedQueueWhenJobsComeThenTheyWaitAndOthersRun) {
  auto w = attach(10);
  auto view = pause("still");
  ASSERT_TRUE(view) << view.error;
  EXPECT_TRUE(view->paused);
  auto spec = job();
  spec.queue = "still";
  auto id = accept(spec);
  auto other = accept(job());
  EXPECT_EQ(claim(w).id, other);
  pass(200ms);
  EXPECT_TRUE(idle(w));
  EXPECT_EQ(status(id), job_status::queued);
  EXPECT_FALSE(pause("still", false)->paused);
  EXPECT_EQ(claim(w).id, id);
}

TEST_P(JobStore, GivenPausedQueueWhenItsJobRunsThenItMayFinish) {
  auto w = attach(1);
  auto id = accept(job());
  auto c = claim(w);
  ASSERT_TRUE(pause("default"));
  finish(w, c, kind::succeeded);
  EXPECT_TRUE(becomes(id, job_status::succeeded));
}

TEST_P(JobStore, GivenPurgeWhenJobsWaitInAllStatesThenOnlyThoseOfTheQueueAreCancelled) {
  auto w = attach(2);
  auto running = accept(job());
  auto c = claim(w);
  auto retrying = accept(job());
  finish(w, claim(w), kind::retry, 10s);
  auto dead = bury(w, job(), "failed", "");
  auto other_queue = job();
  other_queue.queue = "other";
  ASSERT_TRUE(pause("other"));
  auto other = accept(other_queue);
  auto spec = job();
  spec.run_at = now() + 60000;
  auto scheduled = accept(spec);
  stop_claiming(w);
  auto queued = accept(job());
  auto line_1 = accept(keyed("g"));
  auto line_2 = accept(keyed("g"));
  EXPECT_EQ(purge("default"), 5u);
  for (auto id : {retrying, scheduled, queued, line_1, line_2}) {
    EXPECT_EQ(status(id), job_status::cancelled);
    EXPECT_EQ(get(id)->error.kind, "purged");
  }
  EXPECT_EQ(status(running), job_status::running);
  EXPECT_EQ(status(dead), job_status::dead);
  EXPECT_EQ(status(other), job_status::queued);
  finish(w, c, kind::succeeded);
  EXPECT_EQ(purge("default"), 0u);
  EXPECT_EQ(purge("no such queue"), 0u);
}

TEST_P(JobStore, GivenLargePurgeWhenItRunsThenAllAreCancelledAndTheStoreGoesOn) {
  constexpr int n = 12000;
  std::vector<job_spec> batch;
  for (int i = 0; i < n; ++i)
    batch.push_back(i % 3 ? job() : keyed("key-" + std::to_string(i % 50)));
  submit_all(std::move(batch));
  EXPECT_EQ(purge("default"), static_cast<std::uint64_t>(n));
  auto q = queue("default");
  EXPECT_EQ(q.depth[1][static_cast<std::size_t>(job_status::queued)], 0u);
  auto w = attach(10);
  EXPECT_TRUE(idle(w));
  auto id = accept(keyed("key-3"));
  EXPECT_EQ(claim(w).id, id);
}

TEST_P(JobStore, GivenQueuesWhenOneIsFullThenItDoesNotHideTheOthers) {
  for (int i = 0; i < 50; ++i) {
    auto spec = job();
    spec.queue = "full";
    accept(spec);
  }
  auto spec = job();
  spec.queue = "small";
  auto small = accept(spec);
  auto w = attach(1);
  for (int i = 0; i < 3; ++i) {
    auto c = claim(w);
    if (c.id == small)
      return;
    finish(w, c, kind::succeeded);
  }
  ADD_FAILURE() << "the other queue starves";
}

} // namespace
} // namespace tutti::tests::conformance

#include "tests/runtime/jobs/conformance/job_store.hpp"

// The life of a job: its states, attempts, delays, cancellation, results and history.
namespace tutti::tests::conformance {
namespace {

using namespace std::chrono_literals;
using s = job_status;

TEST_P(JobStore, GivenJobWhenItSucceedsThenQueuedRunningSucceeded) {
  auto w = attach(1, "node-1");
  auto id = accept(job());
  auto c = claim(w);
  auto running = get(id);
  ASSERT_TRUE(running);
  EXPECT_EQ(running->status, s::running);
  EXPECT_EQ(running->attempt, 1u);
  EXPECT_EQ(running->node, "node-1");
  EXPECT_GT(running->started_at, 0);
  ASSERT_EQ(running->history.size(), 1u);
  EXPECT_EQ(running->history[0].outcome, "running");
  pass(50ms);
  finish(w, c, kind::succeeded, 0ms, R"({"n":1})");
  ASSERT_TRUE(becomes(id, s::succeeded));
  auto done = get(id);
  EXPECT_EQ(done->result, R"({"n":1})");
  EXPECT_GE(done->finished_at, done->started_at + 50);
  EXPECT_TRUE(done->error.kind.empty());
  ASSERT_EQ(done->history.size(), 1u);
  EXPECT_EQ(done->history[0].outcome, "succeeded");
  EXPECT_EQ(done->history[0].node, "node-1");
  EXPECT_EQ(done->history[0].finished_at, done->finished_at);
  EXPECT_EQ(seen.of(id), (std::vector{s::queued, s::running, s::succeeded}));
}

TEST_P(JobStore, GivenRunAtWhenItComesThenQueuedAndClaimed) {
  auto w = attach(1);
  auto spec = job();
  spec.run_at = now() + 300;
  auto id = accept(spec);
  EXPECT_EQ(get(id)->status, s::scheduled);
  EXPECT_EQ(get(id)->run_at, spec.run_at);
  auto c = claim(w, 1s);
  EXPECT_EQ(c.id, id);
  auto started = get(id)->started_at;
  EXPECT_GE(started, spec.run_at);
  EXPECT_LE(started, spec.run_at + here().slack().count());
  finish(w, c, kind::succeeded);
  ASSERT_TRUE(becomes(id, s::succeeded));
  EXPECT_EQ(seen.of(id), (std::vector{s::scheduled, s::queued, s::running, s::succeeded}));
}

TEST_P(JobStore, GivenRunAtInThePastWhenSubmittedThenAtOnce) {
  auto w = attach(1);
  auto spec = job();
  spec.run_at = now() - 5000;
  auto id = accept(spec);
  EXPECT_EQ(claim(w).id, id);
}

TEST_P(JobStore, GivenDelayedJobsWhenDueThenRunInOrderOfTheirTimes) {
  auto w = attach(10);
  std::vector<job_id> ids;
  for (auto delay : {300, 100, 200}) {
    auto spec = job();
    spec.run_at = now() + delay;
    ids.push_back(accept(spec));
  }
  EXPECT_EQ(claim(w).id, ids[1]);
  EXPECT_EQ(claim(w).id, ids[2]);
  EXPECT_EQ(claim(w).id, ids[0]);
}

TEST_P(JobStore, GivenFailureWhenAttemptsAreLeftThenRetriesAfterTheDelayAsked) {
  auto w = attach(1);
  auto id = accept(job());
  auto c = claim(w);
  EXPECT_EQ(c.attempts_left, 2u);
  auto failed_at = now();
  finish(w, c, kind::retry, 250ms, "boom");
  ASSERT_TRUE(becomes(id, s::retrying));
  auto waiting_job = get(id);
  EXPECT_EQ(waiting_job->error.message, "boom");
  EXPECT_GE(waiting_job->run_at, failed_at + 250);
  EXPECT_EQ(waiting_job->attempt, 1u);
  auto again = claim(w);
  EXPECT_EQ(again.id, id);
  EXPECT_EQ(again.attempt, 2u);
  EXPECT_EQ(again.attempts_left, 1u);
  EXPECT_EQ(again.attempts_spent, 2u);
  EXPECT_GE(get(id)->started_at, failed_at + 250);
  finish(w, again, kind::succeeded);
  ASSERT_TRUE(becomes(id, s::succeeded));
  auto done = get(id);
  EXPECT_TRUE(done->error.kind.empty());
  ASSERT_EQ(done->history.size(), 2u);
  EXPECT_EQ(done->history[0].outcome, "failed");
  EXPECT_EQ(done->history[0].error.message, "boom");
  EXPECT_EQ(done->history[1].outcome, "succeeded");
  EXPECT_EQ(seen.of(id),
            (std::vector{s::queued, s::running, s::retrying, s::queued, s::running, s::succeeded}));
}

TEST_P(JobStore, GivenFailureWhenNoAttemptIsLeftThenDead) {
  auto w = attach(1);
  auto spec = job();
  spec.max_attempts = 2;
  auto id = accept(spec);
  finish(w, claim(w), kind::retry, 0ms, "one");
  auto last = claim(w);
  EXPECT_EQ(last.attempts_left, 0u);
  finish(w, last, kind::retry, 0ms, "two"); // whatever the worker thinks
  ASSERT_TRUE(becomes(id, s::dead));
  EXPECT_EQ(get(id)->error.message, "two");
  EXPECT_GT(get(id)->finished_at, 0);
}

TEST_P(JobStore, GivenNonRetryableFailureWhenAttemptsAreLeftThenDeadAtOnce) {
  auto w = attach(1);
  auto id = accept(job());
  finish(w, claim(w), kind::dead, 0ms, "no use");
  ASSERT_TRUE(becomes(id, s::dead));
  EXPECT_EQ(get(id)->attempt, 1u);
}

TEST_P(JobStore, GivenSnoozesWhenManyThenCostNoAttempt) {
  auto w = attach(1);
  auto spec = job();
  spec.max_attempts = 1;
  auto id = accept(spec);
  for (std::uint32_t i = 1; i <= 5; ++i) {
    auto c = claim(w);
    EXPECT_EQ(c.attempt, i);
    EXPECT_EQ(c.attempts_spent, 1u);
    EXPECT_EQ(c.attempts_left, 0u);
    finish(w, c, kind::snoozed, 50ms);
    ASSERT_TRUE(becomes(id, s::scheduled));
  }
  finish(w, claim(w), kind::succeeded);
  ASSERT_TRUE(becomes(id, s::succeeded));
  ASSERT_EQ(get(id)->history.size(), 6u);
  EXPECT_EQ(get(id)->history[0].outcome, "snoozed");
}

TEST_P(JobStore, GivenReleaseWhenHandedBackThenRunsAtOnceAndCostsNothing) {
  auto w = attach(1);
  auto spec = job();
  spec.max_attempts = 1;
  auto id = accept(spec);
  finish(w, claim(w), kind::released);
  auto again = claim(w);
  EXPECT_EQ(again.id, id);
  EXPECT_EQ(again.attempts_spent, 1u);
  EXPECT_EQ(get(id)->history.at(0).outcome, "released");
}

TEST_P(JobStore, GivenAbsurdDelayWhenAskedForThenBoundedAndStillThere) {
  auto w = attach(2);
  auto id = accept(job());
  finish(w, claim(w), kind::retry, milliseconds::max());
  ASSERT_TRUE(becomes(id, s::retrying));
  EXPECT_GT(get(id)->run_at, now());
  auto other = accept(job());
  auto c = claim(w);
  EXPECT_EQ(c.id, other);
  finish(w, c, kind::snoozed, milliseconds::min());
  EXPECT_EQ(claim(w).id, other);
}

TEST_P(JobStore, GivenManyAttemptsWhenReadThenHistoryKeepsTheLatestTwenty) {
  auto w = attach(1);
  auto spec = job();
  spec.max_attempts = 30;
  auto id = accept(spec);
  for (int i = 0; i < 25; ++i)
    finish(w, claim(w), kind::retry, 0ms, "failure " + std::to_string(i));
  finish(w, claim(w), kind::dead, 0ms, "last");
  ASSERT_TRUE(becomes(id, s::dead));
  auto history = get(id)->history;
  ASSERT_EQ(history.size(), 20u);
  EXPECT_EQ(history.front().attempt, 7u);
  EXPECT_EQ(history.back().attempt, 26u);
  EXPECT_EQ(history.back().error.message, "last");
}

TEST_P(JobStore, GivenProgressWhenReportedThenLatestIsShown) {
  auto w = attach(1);
  auto id = accept(job());
  auto c = claim(w);
  report(w, c, R"({"percent":10})");
  report(w, c, R"({"percent":20})");
  EXPECT_TRUE(eventually([&] { return get(id)->progress == R"({"percent":20})"; }));
  finish(w, c, kind::succeeded);
  ASSERT_TRUE(becomes(id, s::succeeded));
  report(w, c, R"({"percent":30})");
  EXPECT_EQ(get(id)->progress, R"({"percent":20})") << "of a run that has ended";
}

TEST_P(JobStore, GivenScheduledJobWhenCancelledThenDoneAndNeverRuns) {
  auto w = attach(1);
  auto spec = job();
  spec.run_at = now() + 100;
  auto id = accept(spec);
  auto r = cancel(id);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->outcome, cancelled::done);
  EXPECT_EQ(r->job.status, s::cancelled);
  pass(300ms);
  EXPECT_TRUE(idle(w));
  EXPECT_EQ(status(id), s::cancelled);
}

TEST_P(JobStore, GivenQueuedJobWhenCancelledTwiceThenDoneThenAlready) {
  auto id = accept(job());
  EXPECT_EQ(cancel(id)->outcome, cancelled::done);
  EXPECT_EQ(cancel(id)->outcome, cancelled::already);
  auto w = attach(1);
  EXPECT_TRUE(idle(w));
  EXPECT_GT(get(id)->finished_at, 0);
}

TEST_P(JobStore, GivenRetryingJobWhenCancelledThenNotRunAgain) {
  auto w = attach(1);
  auto id = accept(job());
  finish(w, claim(w), kind::retry, 100ms);
  ASSERT_TRUE(becomes(id, s::retrying));
  EXPECT_EQ(cancel(id)->outcome, cancelled::done);
  pass(300ms);
  EXPECT_TRUE(idle(w));
}

TEST_P(JobStore, GivenRunningJobWhenCancelledThenItsWorkerIsTold) {
  auto w = attach(1);
  auto id = accept(job());
  auto c = claim(w);
  auto r = cancel(id);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->outcome, cancelled::requested);
  EXPECT_TRUE(r->job.cancel_requested);
  EXPECT_EQ(cancel(id)->outcome, cancelled::requested) << "a second time";
  auto told = revoked(w);
  ASSERT_FALSE(told.empty());
  EXPECT_TRUE(told[0].cancel);
  EXPECT_EQ(told[0].claim.id, id);
  EXPECT_EQ(told[0].claim.token, c.token);
  EXPECT_EQ(status(id), s::running);
  finish(w, c, kind::cancelled);
  ASSERT_TRUE(becomes(id, s::cancelled));
  EXPECT_EQ(get(id)->history.at(0).outcome, "cancelled");
}

TEST_P(JobStore, GivenCancelRequestedWhenAttemptEndsOtherwiseThenNotRunAgain) {
  auto w = attach(4);
  std::vector<std::pair<kind, s>> ends = {{kind::retry, s::cancelled},
                                          {kind::snoozed, s::cancelled},
                                          {kind::released, s::cancelled},
                                          {kind::succeeded, s::succeeded}};
  for (auto [what, becomes_what] : ends) {
    auto id = accept(job());
    auto c = claim(w);
    ASSERT_EQ(c.id, id);
    ASSERT_TRUE(cancel(id));
    finish(w, c, what, 10ms);
    EXPECT_TRUE(becomes(id, becomes_what)) << static_cast<int>(what);
  }
  pass(100ms);
  EXPECT_TRUE(idle(w));
}

TEST_P(JobStore, GivenCancelRequestedWhenWorkerDiesThenCancelled) {
  options.worker_deaths = 1; // no poison either
  auto w = attach(1);
  auto id = accept(job());
  claim(w);
  ASSERT_TRUE(cancel(id));
  end(w);
  EXPECT_TRUE(becomes(id, s::cancelled, 5s));
}

TEST_P(JobStore, GivenFinishedJobsWhenCancelledThenFinished) {
  auto w = attach(1);
  auto good = accept(job());
  finish(w, claim(w), kind::succeeded);
  auto dead = bury(w, job(), "failed", "");
  ASSERT_TRUE(becomes(good, s::succeeded));
  EXPECT_EQ(cancel(good)->outcome, cancelled::finished);
  EXPECT_EQ(cancel(dead)->outcome, cancelled::finished);
  EXPECT_EQ(status(good), s::succeeded);
  EXPECT_EQ(status(dead), s::dead);
}

TEST_P(JobStore, GivenCancelledJobWhenRetriedThenRunsWithAllItsAttempts) {
  auto w = attach(1);
  auto id = accept(job());
  finish(w, claim(w), kind::retry, 10s);
  ASSERT_TRUE(becomes(id, s::retrying));
  ASSERT_TRUE(cancel(id));
  auto r = retry(id);
  ASSERT_TRUE(r) << r.error;
  auto c = claim(w);
  EXPECT_EQ(c.id, id);
  EXPECT_EQ(c.attempt, 2u) << "numbers go on";
  EXPECT_EQ(c.attempts_left, 2u) << "the allowance is whole";
  EXPECT_EQ(get(id)->finished_at, 0);
}

TEST_P(JobStore, GivenLiveOrSucceededJobWhenRetriedThenConflict) {
  auto w = attach(1);
  auto id = accept(job());
  EXPECT_EQ(retry(id).error.rfind("conflict", 0), 0u) << "queued or running";
  finish(w, claim(w), kind::retry, 10s);
  ASSERT_TRUE(becomes(id, s::retrying));
  EXPECT_EQ(retry(id).error.rfind("conflict", 0), 0u) << "retrying";
  auto good = accept(job());
  finish(w, claim(w), kind::succeeded);
  ASSERT_TRUE(becomes(good, s::succeeded));
  EXPECT_EQ(retry(good).error.rfind("conflict", 0), 0u) << "succeeded";
  auto gone = accept(job());
  claim(w);
  ASSERT_TRUE(cancel(gone));
}

TEST_P(JobStore, GivenResultsWhenRetentionIsOverThenGone) {
  options.retention_ms = options.key_retention_ms = 1000;
  auto w = attach(2);
  auto good = accept(job());
  finish(w, claim(w), kind::succeeded);
  auto called_off = accept(job());
  finish(w, claim(w), kind::cancelled);
  auto dead = bury(w, job(), "failed", "");
  ASSERT_TRUE(becomes(good, s::succeeded));
  ASSERT_TRUE(becomes(called_off, s::cancelled));
  pass(500ms);
  EXPECT_TRUE(get(good));
  EXPECT_TRUE(eventually([&] { return !get(good) && !get(called_off); }, 5s));
  EXPECT_EQ(status(dead), s::dead) << "dead letters stay until somebody decides";
  EXPECT_EQ(list(), std::vector{dead});
}

} // namespace
} // namespace tutti::tests::conformance

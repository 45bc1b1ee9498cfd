#include "tests/runtime/jobs/conformance/job_store.hpp"

#include <caf/all.hpp>

// Claims: credit, leases, tokens, the death of workers and of the store's actor.
namespace tutti::tests::conformance {
namespace {

using namespace std::chrono_literals;
using s = job_status;

TEST_P(JobStore, GivenCreditWhenMoreJobsWaitThenNotExceededAndGivenBack) {
  auto w = attach(3);
  for (int i = 0; i < 10; ++i)
    accept(job());
  std::vector<claimed_job> mine;
  for (int i = 0; i < 3; ++i)
    mine.push_back(claim(w));
  EXPECT_TRUE(idle(w));
  std::vector<attempt_outcome> two;
  for (int i = 0; i < 2; ++i) {
    attempt_outcome o;
    o.id = mine[static_cast<std::size_t>(i)].id;
    o.token = mine[static_cast<std::size_t>(i)].token;
    two.push_back(o);
  }
  finish(w, two);
  claim(w);
  claim(w);
  EXPECT_TRUE(idle(w));
}

TEST_P(JobStore, GivenOutcomeSentTwiceWhenJobsWaitThenGivesCreditOnce) {
  auto w = attach(2);
  for (int i = 0; i < 5; ++i)
    accept(job());
  auto c = claim(w);
  claim(w);
  finish(w, c, kind::succeeded);
  claim(w);
  finish(w, c, kind::succeeded);
  finish(w, c, kind::dead);
  EXPECT_TRUE(idle(w));
  EXPECT_EQ(status(c.id), s::succeeded);
}

TEST_P(JobStore, GivenRunningJobWhenItsTokenIsStaleThenNothingChanges) {
  auto w = attach(1);
  auto id = accept(job());
  auto c = claim(w);
  auto forged = c;
  ++forged.token;
  report(w, forged, R"("no")");
  finish(w, forged, kind::succeeded);
  EXPECT_EQ(status(id), s::running);
  EXPECT_TRUE(get(id)->progress.empty());
  renew(w, forged);
  auto told = revoked(w);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_FALSE(told[0].cancel);
  EXPECT_EQ(told[0].claim.token, forged.token);
}

TEST_P(JobStore, GivenSilentWorkerWhenLeaseEndsThenJobRunsElsewhere) {
  auto silent = attach(1, "silent");
  auto id = accept(job());
  auto old = claim(silent);
  EXPECT_GT(old.lease_until, now());
  auto w = attach(1, "other");
  pass(500ms);
  EXPECT_TRUE(idle(w)) << "before the lease is over";
  auto c = claim(w, 5s);
  EXPECT_EQ(c.id, id);
  EXPECT_GT(c.token, old.token);
  EXPECT_EQ(c.attempt, 2u);
  EXPECT_EQ(c.attempts_spent, 1u) << "a lost claim costs no attempt";
  finish(silent, old, kind::dead, 0ms, "too late");
  report(silent, old, R"("too late")");
  EXPECT_EQ(status(id), s::running);
  EXPECT_TRUE(get(id)->progress.empty());
  finish(w, c, kind::succeeded);
  ASSERT_TRUE(becomes(id, s::succeeded));
  auto j = get(id);
  ASSERT_EQ(j->history.size(), 2u);
  EXPECT_EQ(j->history[0].outcome, "lost");
  EXPECT_EQ(j->history[0].node, "silent");
  EXPECT_EQ(j->history[0].error.kind, "lost");
  EXPECT_EQ(j->history[1].node, "other");
}

TEST_P(JobStore, GivenLostClaimWhenItsStaleOutcomeComesThenCreditIsWhole) {
  auto w = attach(1);
  auto id = accept(job());
  auto old = claim(w);
  ASSERT_TRUE(eventually([&] { return status(id) == s::queued; }, 5s))
      << "no credit is left to claim it again";
  auto told = revoked(w);
  ASSERT_FALSE(told.empty());
  EXPECT_FALSE(told.back().cancel);
  EXPECT_EQ(told.back().claim.token, old.token);
  finish(w, old, kind::succeeded);
  auto c = claim(w);
  EXPECT_EQ(c.id, id);
  finish(w, c, kind::succeeded);
  EXPECT_TRUE(becomes(id, s::succeeded));
}

TEST_P(JobStore, GivenLostClaimWhenItsWorkerHasTheJobAgainThenCreditIsWhole) {
  auto w = attach(2);
  auto id = accept(job());
  auto lost = claim(w);
  auto again = claim(w, 5000ms); // after the lease
  ASSERT_EQ(again.id, id);
  finish(w, lost, kind::retry, 0ms);
  finish(w, again, kind::succeeded);
  ASSERT_TRUE(becomes(id, s::succeeded));
  accept(job());
  accept(job());
  claim(w);
  claim(w);
}

TEST_P(JobStore, GivenLongRunWhenItRenewsThenKeepsItsClaim) {
  auto w = attach(1);
  auto id = accept(job());
  auto c = claim(w);
  for (int i = 0; i < 10; ++i) {
    pass(400ms);
    renew(w, c);
  }
  EXPECT_TRUE(revoked(w).empty());
  finish(w, c, kind::succeeded);
  ASSERT_TRUE(becomes(id, s::succeeded));
  EXPECT_EQ(get(id)->attempt, 1u);
}

TEST_P(JobStore, GivenManyClaimsWhenWallClockStepsBackThenTokensStillGrow) {
  auto w = attach(1);
  auto spec = job();
  spec.max_attempts = 100;
  auto last = static_cast<std::uint64_t>(now()) * 1000 - 1; // the claim may come before the answer
  accept(spec);
  for (int i = 0; i < 10; ++i) {
    auto c = claim(w);
    EXPECT_GT(c.token, last);
    last = c.token;
    if (i == 5)
      here().step_wall_clock(-1h);
    finish(w, c, kind::retry, 0ms);
  }
}

TEST_P(JobStore, GivenClaimWhenWallClockStepsBackThenLeaseStillEnds) {
  auto silent = attach(1);
  accept(job());
  auto old = claim(silent);
  pass(300ms); // a lease check is planned
  if (!here().step_wall_clock(-1min))
    GTEST_SKIP() << "its clock cannot be moved";
  auto w = attach(1);
  auto id = accept(job());
  auto c = claim(w);
  EXPECT_EQ(c.id, id);
  EXPECT_TRUE(eventually([&] { return status(id) == s::queued; }, 5s));
}

TEST_P(JobStore, GivenDelayedJobWhenWallClockStepsForwardThenNoticedWithinAMinute) {
  auto w = attach(1);
  auto spec = job();
  spec.run_at = now() + 3600000;
  accept(spec);
  if (!here().step_wall_clock(1h))
    GTEST_SKIP() << "its clock cannot be moved";
  claim(w, 61s);
}

TEST_P(JobStore, GivenWorkerThatDiesWhenItHeldJobsThenTheyRunElsewhere) {
  auto w1 = attach(10);
  std::set<job_id> ids;
  for (int i = 0; i < 5; ++i)
    ids.insert(accept(job()));
  for (int i = 0; i < 5; ++i)
    claim(w1);
  end(w1);
  auto w2 = attach(10);
  std::set<job_id> again;
  for (int i = 0; i < 5; ++i)
    again.insert(claim(w2, 10s).id);
  EXPECT_EQ(again, ids);
}

TEST_P(JobStore, GivenJobWhenItOutlivesThreeWorkersThenPoison) {
  options.worker_deaths = 3;
  auto id = accept(job());
  for (int i = 0; i < 3; ++i) {
    auto w = attach(1);
    EXPECT_EQ(claim(w, 10s).id, id);
    end(w);
  }
  ASSERT_TRUE(becomes(id, s::dead, 10s));
  EXPECT_EQ(get(id)->error.kind, "poison");
  EXPECT_EQ(get(id)->history.size(), 3u);
  ASSERT_TRUE(retry(id));
  auto w = attach(1);
  auto c = claim(w);
  EXPECT_EQ(c.id, id);
  end(w);
  EXPECT_TRUE(becomes(id, s::queued, 10s)) << "the count begins anew";
}

TEST_P(JobStore, GivenWorkersThatEndInOrderWhenTheyHeldAJobThenNoPoison) {
  options.worker_deaths = 2;
  auto id = accept(job());
  for (int i = 0; i < 5; ++i) {
    auto w = attach(1);
    EXPECT_EQ(claim(w, 10s).id, id);
    end(w, true);
    ASSERT_TRUE(becomes(id, s::queued, 10s));
  }
}

TEST_P(JobStore, GivenWorkerWhenItFinishesAndEndsAtOnceThenItsOutcomeCounts) {
  auto w = attach(2);
  auto id = accept(job());
  auto c = claim(w);
  // Both are on their way before the store looks: news of an end must not overtake the outcome.
  attempt_outcome out;
  out.id = c.id;
  out.token = c.token;
  caf::send_as(w.handle, store(), finish_attempts{{out}});
  caf::anon_send_exit(w.handle, caf::exit_reason::kill);
  EXPECT_TRUE(becomes(id, s::succeeded));
  EXPECT_EQ(get(id)->attempt, 1u);
}

TEST_P(JobStore, GivenWorkerThatStopsClaimingWhenJobsWaitThenGetsNoMore) {
  auto w = attach(5);
  accept(job());
  auto c = claim(w);
  stop_claiming(w);
  auto id = accept(job());
  finish(w, c, kind::succeeded);
  EXPECT_TRUE(idle(w));
  EXPECT_EQ(status(id), s::queued);
  auto other = attach(1);
  EXPECT_EQ(claim(other).id, id);
}

TEST_P(JobStore, GivenStoreActorWhenItEndsThenJobsAndKeysAreKept) {
  options.worker_deaths = 1;
  auto w = attach(1);
  auto spec = job();
  spec.idempotency_key = "k";
  spec.body = {1, 1};
  auto running = accept(spec);
  auto queued = accept(job());
  auto later = job();
  later.run_at = now() + 500;
  auto scheduled = accept(later);
  auto old = claim(w);
  ASSERT_EQ(old.id, running);
  end_store();
  finish(w, old, kind::succeeded); // to a store that does not know the worker
  auto again = job();
  again.idempotency_key = "k";
  again.body = {1, 1};
  EXPECT_EQ(submit(again).id, running);
  auto w2 = attach(5);
  std::set<job_id> ids;
  for (int i = 0; i < 3; ++i)
    ids.insert(claim(w2, 10s).id);
  EXPECT_EQ(ids, (std::set{running, queued, scheduled}));
  EXPECT_NE(get(running)->error.kind, "poison") << "its worker did not die";
}

TEST_P(JobStore, GivenBusyStoreWhenMessagesNeverPauseThenDelayedJobsStillBecomeDue) {
  options.claim_ttl_ms = 60000;
  ASSERT_TRUE(pause("still"));
  auto spec = job();
  spec.run_at = now() + 50;
  auto delayed = accept(spec);
  auto w = attach(10);
  accept(job());
  claim(w); // a lease to check
  // Each message arms the store's timer; none may push it ahead.
  for (int i = 0; i < 1000 && waiting(w) == 0; ++i) {
    auto other = job();
    other.queue = "still";
    accept(other);
    pass(600us);
  }
  ASSERT_EQ(waiting(w), 1u);
  EXPECT_EQ(claim(w).id, delayed);
}

} // namespace
} // namespace tutti::tests::conformance

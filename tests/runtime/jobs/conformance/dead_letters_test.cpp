#include "tests/runtime/jobs/conformance/job_store.hpp"

// Dead letters: browse, retry, discard.
namespace tutti::tests::conformance {
namespace {

using namespace std::chrono_literals;

TEST_P(JobStore, GivenDeadLettersWhenFilteredThenOnlyThoseThatMatch) {
  auto w = attach(10);
  auto x = bury(w, job("a"), "timeout", "took too long");
  auto y = bury(w, job("b"), "failed", "Spotify said 503");
  auto elsewhere = job("b");
  elsewhere.queue = "other";
  auto z = bury(w, elsewhere, "failed", "Spotify said 403");
  auto waiting_job = accept(job("a"));
  job_filter dead;
  dead.status = job_status::dead;
  EXPECT_EQ(list(dead), (std::vector{x, y, z}));
  auto by = [&](auto change) {
    auto f = dead;
    change(f);
    return list(f);
  };
  EXPECT_EQ(by([](auto& f) { f.type = "b"; }), (std::vector{y, z}));
  EXPECT_EQ(by([](auto& f) { f.queue = "other"; }), std::vector{z});
  EXPECT_EQ(by([](auto& f) { f.error = "Spotify"; }), (std::vector{y, z}));
  EXPECT_EQ(by([](auto& f) { f.error = "timeout"; }), std::vector{x}) << "the kind too";
  EXPECT_EQ(by([](auto& f) {
              f.type = "b";
              f.error = "503";
            }),
            std::vector{y});
  EXPECT_TRUE(by([](auto& f) { f.error = "no such words"; }).empty());
  EXPECT_EQ(list({}), (std::vector{x, y, z, waiting_job}));
}

TEST_P(JobStore, GivenDeadLetterWhenRetriedThenRunsWithAllItsAttempts) {
  auto w = attach(1);
  auto spec = job();
  spec.max_attempts = 2;
  auto id = accept(spec);
  finish(w, claim(w), kind::retry, 0ms);
  finish(w, claim(w), kind::retry, 0ms);
  ASSERT_TRUE(becomes(id, job_status::dead));
  auto r = retry(id, true);
  ASSERT_TRUE(r) << r.error;
  EXPECT_EQ(r->id, id);
  EXPECT_NE(r->status, job_status::dead);
  auto c = claim(w);
  EXPECT_EQ(c.attempt, 3u);
  EXPECT_EQ(c.attempts_left, 1u);
  EXPECT_EQ(c.attempts_spent, 1u);
  finish(w, c, kind::succeeded);
  ASSERT_TRUE(becomes(id, job_status::succeeded));
  EXPECT_EQ(get(id)->history.size(), 3u);
}

TEST_P(JobStore, GivenCancelledJobWhenRetriedAsDeadLetterThenConflict) {
  auto id = accept(job());
  ASSERT_TRUE(cancel(id));
  EXPECT_EQ(retry(id, true).error.rfind("conflict", 0), 0u);
  EXPECT_EQ(status(id), job_status::cancelled);
}

TEST_P(JobStore, GivenDeadLettersWhenRetriedInBulkThenFilterAndMaxHold) {
  auto w = attach(10);
  std::vector<job_id> a, b;
  for (int i = 0; i < 4; ++i) {
    a.push_back(bury(w, job("a"), "failed", "x"));
    b.push_back(bury(w, job("b"), "failed", "y"));
  }
  end(w);
  EXPECT_EQ(retry_dead({}, 0), 0u);
  job_filter of_a;
  of_a.type = "a";
  EXPECT_EQ(retry_dead(of_a, 3), 3u);
  job_filter queued;
  queued.status = job_status::queued;
  EXPECT_EQ(list(queued), (std::vector{a[0], a[1], a[2]})) << "the oldest first";
  job_filter with_y;
  with_y.error = "y";
  EXPECT_EQ(retry_dead(with_y, 100), 4u);
  job_filter dead;
  dead.status = job_status::dead;
  EXPECT_EQ(list(dead), std::vector{a[3]});
  EXPECT_EQ(queue("default").depth[1][static_cast<std::size_t>(job_status::dead)], 1u);
}

TEST_P(JobStore, GivenDeadLetterWhenDiscardedThenGoneButItsKeyStays) {
  auto w = attach(1);
  auto spec = job();
  spec.idempotency_key = "k";
  spec.body = {1, 2};
  auto id = bury(w, spec, "failed", "");
  auto r = discard(id);
  ASSERT_TRUE(r) << r.error;
  EXPECT_FALSE(get(id));
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(discard(id).error.rfind("not found", 0), 0u);
  auto again = job();
  again.idempotency_key = "k";
  again.body = {1, 2};
  auto s = submit(again);
  EXPECT_EQ(s.outcome, submitted::duplicate);
  EXPECT_EQ(s.id, id);
  EXPECT_EQ(s.status, job_status::dead);
  again.body = {3, 4};
  EXPECT_EQ(submit(again).outcome, submitted::key_misused);
}

TEST_P(JobStore, GivenOtherThanDeadWhenDiscardedThenConflict) {
  auto w = attach(1);
  auto id = accept(job());
  EXPECT_EQ(discard(id).error.rfind("conflict", 0), 0u);
  finish(w, claim(w), kind::succeeded);
  ASSERT_TRUE(becomes(id, job_status::succeeded));
  EXPECT_EQ(discard(id).error.rfind("conflict", 0), 0u);
  EXPECT_TRUE(get(id));
}

} // namespace
} // namespace tutti::tests::conformance

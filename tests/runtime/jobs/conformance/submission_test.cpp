#include "tests/runtime/jobs/conformance/job_store.hpp"

// What becomes of a submission: accepted, idempotent, unique, in batches, refused at the bounds.
namespace tutti::tests::conformance {
namespace {

using namespace std::chrono_literals;

fingerprint print(std::uint64_t x) {
  return {x, ~x};
}

TEST_P(JobStore, GivenSubmissionWhenReadThenShowsAllItsFields) {
  auto spec = job("some.type");
  spec.payload = R"({"a": "b"})";
  spec.queue = "q";
  spec.key = "guild";
  spec.idempotency_key = "once";
  spec.priority = priority::high;
  spec.max_attempts = 7;
  spec.timeout_ms = 1234;
  spec.trace = runtime::telemetry::trace_context::new_root();
  auto trace = spec.trace;
  auto before = now();
  auto id = accept(spec);
  auto j = get(id);
  ASSERT_TRUE(j) << j.error;
  EXPECT_EQ(j->id, id);
  EXPECT_EQ(j->type, "some.type");
  EXPECT_EQ(j->payload, R"({"a": "b"})");
  EXPECT_EQ(j->queue, "q");
  EXPECT_EQ(j->key, "guild");
  EXPECT_EQ(j->idempotency_key, "once");
  EXPECT_EQ(j->priority, priority::high);
  EXPECT_EQ(j->status, job_status::queued);
  EXPECT_EQ(j->attempt, 0u);
  EXPECT_EQ(j->max_attempts, 7u);
  EXPECT_EQ(j->timeout_ms, 1234u);
  EXPECT_FALSE(j->cancel_requested);
  EXPECT_GE(j->created_at, before);
  EXPECT_LE(j->created_at, now());
  EXPECT_EQ(j->run_at, 0);
  EXPECT_EQ(j->started_at, 0);
  EXPECT_EQ(j->finished_at, 0);
  EXPECT_EQ(j->trace_id, trace.trace_id_hex());
  EXPECT_TRUE(j->history.empty());
  EXPECT_EQ(seen.accepted_count(), 1u);
  auto w = attach(1);
  auto c = claim(w);
  EXPECT_EQ(c.type, "some.type");
  EXPECT_EQ(c.payload, R"({"a": "b"})");
  EXPECT_EQ(c.queue, "q");
  EXPECT_EQ(c.key, "guild");
  EXPECT_EQ(c.attempt, 1u);
  EXPECT_EQ(c.attempts_left, 6u);
  EXPECT_EQ(c.attempts_spent, 1u);
  EXPECT_EQ(c.timeout_ms, 1234u);
  EXPECT_EQ(c.created_at, j->created_at);
  EXPECT_EQ(c.trace.trace_id_hex(), trace.trace_id_hex());
}

TEST_P(JobStore, GivenUnknownIdWhenAskedThenNotFoundEverywhere) {
  job_id id{1, 2};
  EXPECT_EQ(get(id).error.rfind("not found", 0), 0u);
  EXPECT_EQ(cancel(id).error.rfind("not found", 0), 0u);
  EXPECT_EQ(retry(id).error.rfind("not found", 0), 0u);
  EXPECT_EQ(discard(id).error.rfind("not found", 0), 0u);
}

TEST_P(JobStore, GivenSameKeyAndBodyWhenSubmittedAgainThenSameJob) {
  auto first = job();
  first.idempotency_key = "k";
  first.body = print(1);
  auto id = accept(first);
  auto second = job();
  second.idempotency_key = "k";
  second.body = print(1);
  auto r = submit(second);
  EXPECT_EQ(r.outcome, submitted::duplicate);
  EXPECT_EQ(r.id, id);
  EXPECT_EQ(r.status, job_status::queued);
  EXPECT_EQ(list().size(), 1u);
  EXPECT_EQ(seen.accepted_count(), 1u);
}

TEST_P(JobStore, GivenSameKeyWhenOtherBodyThenMisused) {
  auto first = job();
  first.idempotency_key = "k";
  first.body = print(1);
  auto id = accept(first);
  auto second = job();
  second.idempotency_key = "k";
  second.body = print(2);
  auto r = submit(second);
  EXPECT_EQ(r.outcome, submitted::key_misused);
  EXPECT_EQ(r.id, id);
  EXPECT_EQ(list().size(), 1u);
}

TEST_P(JobStore, GivenJobSentAgainWhenByItsOwnIdThenAcceptedOnce) {
  auto plain = job();
  accept(plain);
  accept(plain);
  auto named = job();
  named.idempotency_key = "k";
  named.body = print(1);
  accept(named);
  accept(named); // an internal resend is no duplicate of itself
  EXPECT_EQ(list().size(), 2u);
  EXPECT_EQ(seen.accepted_count(), 2u);
}

TEST_P(JobStore, GivenFinishedJobWhenKeyComesAgainThenAnswersItsFinalState) {
  auto w = attach(1);
  auto first = job();
  first.idempotency_key = "k";
  first.body = print(1);
  auto id = accept(first);
  finish(w, claim(w), kind::succeeded);
  ASSERT_TRUE(becomes(id, job_status::succeeded));
  auto again = job();
  again.idempotency_key = "k";
  again.body = print(1);
  auto r = submit(again);
  EXPECT_EQ(r.outcome, submitted::duplicate);
  EXPECT_EQ(r.id, id);
  EXPECT_EQ(r.status, job_status::succeeded);
  EXPECT_TRUE(idle(w));
}

TEST_P(JobStore, GivenRetentionOverWhenKeyComesAgainThenNewJob) {
  options.retention_ms = options.key_retention_ms = 1000;
  auto w = attach(1);
  auto first = job();
  first.idempotency_key = "k";
  first.body = print(1);
  auto id = accept(first);
  finish(w, claim(w), kind::succeeded);
  ASSERT_TRUE(becomes(id, job_status::succeeded));
  pass(500ms);
  auto r = submit([&] {
    auto again = job();
    again.idempotency_key = "k";
    again.body = print(2);
    return again;
  }());
  EXPECT_EQ(r.outcome, submitted::key_misused) << "kept for the whole retention";
  EXPECT_TRUE(eventually([&] { return !get(id); }, 5s)) << "kept for ever";
  auto third = job();
  third.idempotency_key = "k";
  third.body = print(2);
  accept(third);
}

TEST_P(JobStore, GivenKeyOfWaitingJobWhenRetentionPassesThenKept) {
  options.retention_ms = options.key_retention_ms = 500;
  auto first = job();
  first.idempotency_key = "k";
  first.body = print(1);
  auto id = accept(first);
  pass(2s);
  auto again = job();
  again.idempotency_key = "k";
  again.body = print(1);
  EXPECT_EQ(submit(again).id, id);
}

TEST_P(JobStore, GivenUniqueKeepWhenAnEqualOneComesThenFirstIsAnswered) {
  auto first = job();
  first.unique = unique_policy::keep;
  first.unique_value = print(1);
  auto id = accept(first);
  auto equal = job();
  equal.unique = unique_policy::keep;
  equal.unique_value = print(1);
  auto r = submit(equal);
  EXPECT_EQ(r.outcome, submitted::duplicate);
  EXPECT_EQ(r.id, id);
  auto other_value = job();
  other_value.unique = unique_policy::keep;
  other_value.unique_value = print(2);
  accept(other_value);
  auto other_type = job("other");
  other_type.unique = unique_policy::keep;
  other_type.unique_value = print(1);
  accept(other_type);
}

TEST_P(JobStore, GivenUniqueRejectWhenAnEqualOneComesThenRefusedUntilFinal) {
  auto w = attach(1);
  auto first = job();
  first.unique = unique_policy::reject;
  first.unique_value = print(1);
  auto id = accept(first);
  auto equal = job();
  equal.unique = unique_policy::reject;
  equal.unique_value = print(1);
  EXPECT_EQ(submit(equal).outcome, submitted::not_unique);
  auto c = claim(w);
  EXPECT_EQ(submit(equal).outcome, submitted::not_unique) << "while it runs";
  finish(w, c, kind::retry, 200ms);
  ASSERT_TRUE(becomes(id, job_status::retrying));
  EXPECT_EQ(submit(equal).outcome, submitted::not_unique) << "while it waits for a retry";
  finish(w, claim(w), kind::succeeded);
  ASSERT_TRUE(becomes(id, job_status::succeeded));
  accept(equal);
}

TEST_P(JobStore, GivenUniqueReplaceWhenFirstWaitsThenTakesItsPlace) {
  auto first = job();
  first.unique = unique_policy::replace;
  first.unique_value = print(1);
  first.run_at = now() + 60000;
  auto id = accept(first);
  auto second = job();
  second.unique = unique_policy::replace;
  second.unique_value = print(1);
  auto id2 = accept(second);
  EXPECT_EQ(status(id), job_status::cancelled);
  EXPECT_EQ(get(id)->error.kind, "replaced");
  EXPECT_EQ(status(id2), job_status::queued);
}

TEST_P(JobStore, GivenUniqueReplaceWhenFirstRunsThenKeepsIt) {
  auto w = attach(1);
  auto first = job();
  first.unique = unique_policy::replace;
  first.unique_value = print(1);
  auto id = accept(first);
  auto c = claim(w);
  auto second = job();
  second.unique = unique_policy::replace;
  second.unique_value = print(1);
  auto r = submit(second);
  EXPECT_EQ(r.outcome, submitted::duplicate);
  EXPECT_EQ(r.id, id);
  EXPECT_EQ(r.status, job_status::running);
  finish(w, c, kind::succeeded);
  ASSERT_TRUE(becomes(id, job_status::succeeded));
  accept(second);
}

TEST_P(JobStore, GivenReplacementThatIsRefusedWhenQueuesAreFullThenFirstStays) {
  options.max_queues = 1;
  auto first = job();
  first.unique = unique_policy::replace;
  first.unique_value = print(1);
  auto id = accept(first);
  auto second = job();
  second.unique = unique_policy::replace;
  second.unique_value = print(1);
  second.queue = "one too many";
  EXPECT_EQ(submit(second).outcome, submitted::no_queue);
  EXPECT_EQ(status(id), job_status::queued);
}

TEST_P(JobStore, GivenFullStoreWhenUniqueReplacesThenAccepted) {
  options.max_jobs = 1;
  auto first = job();
  first.unique = unique_policy::replace;
  first.unique_value = print(1);
  accept(first);
  auto second = job();
  second.unique = unique_policy::replace;
  second.unique_value = print(1);
  accept(second);
}

TEST_P(JobStore, GivenUniqueDeadLetterWhenAnotherTookItsPlaceThenRetryIsConflict) {
  auto w = attach(1);
  auto first = job();
  first.unique = unique_policy::keep;
  first.unique_value = print(1);
  auto dead = bury(w, first, "failed", "");
  auto second = job();
  second.unique = unique_policy::keep;
  second.unique_value = print(1);
  auto id = accept(second);
  EXPECT_EQ(retry(dead).error.rfind("conflict", 0), 0u);
  EXPECT_EQ(retry_dead({}, 10), 0u);
  EXPECT_EQ(status(dead), job_status::dead);
  finish(w, claim(w), kind::succeeded);
  ASSERT_TRUE(becomes(id, job_status::succeeded));
  ASSERT_TRUE(retry(dead));
  auto third = job();
  third.unique = unique_policy::keep;
  third.unique_value = print(1);
  EXPECT_EQ(submit(third).id, dead) << "a retried job is the unique one again";
}

TEST_P(JobStore, GivenBatchWithMixedOutcomesWhenSubmittedThenAnswersInOrder) {
  options.max_jobs = 4;
  options.max_queues = 2;
  auto keyed_job = [&](const char* key, std::uint64_t body) {
    auto spec = job();
    spec.idempotency_key = key;
    spec.body = print(body);
    return spec;
  };
  auto unique_job = [&] {
    auto spec = job();
    spec.unique = unique_policy::reject;
    spec.unique_value = print(9);
    return spec;
  };
  auto elsewhere = job();
  elsewhere.queue = "second";
  auto too_many = job();
  too_many.queue = "third";
  auto results = submit_all({keyed_job("a", 1), keyed_job("a", 1), keyed_job("a", 2), unique_job(),
                             unique_job(), elsewhere, too_many, job(), job()});
  std::vector<submitted> outcomes;
  for (auto& r : results)
    outcomes.push_back(r.outcome);
  using o = submitted;
  EXPECT_EQ(outcomes, (std::vector{o::accepted, o::duplicate, o::key_misused, o::accepted, o::not_unique,
                                   o::accepted, o::no_queue, o::accepted, o::full}));
  EXPECT_EQ(results.at(0).id, results.at(1).id);
  EXPECT_EQ(list().size(), 4u);
}

TEST_P(JobStore, GivenEmptyBatchWhenSubmittedThenAnswered) {
  EXPECT_TRUE(submit_all({}).empty());
}

TEST_P(JobStore, GivenFullStoreWhenAJobEndsThenAcceptsAgain) {
  options.max_jobs = 2;
  auto w = attach(1);
  auto first = accept(job());
  accept(job());
  auto extra = job();
  EXPECT_EQ(submit(extra).outcome, submitted::full);
  EXPECT_FALSE(get(extra.id));
  finish(w, claim(w), kind::succeeded);
  ASSERT_TRUE(becomes(first, job_status::succeeded));
  accept(extra);
}

TEST_P(JobStore, GivenFullStoreWhenItHoldsDeadLettersThenTheyCount) {
  options.max_jobs = 1;
  auto w = attach(1);
  auto dead = bury(w, job(), "failed", "");
  EXPECT_EQ(submit(job()).outcome, submitted::full);
  ASSERT_TRUE(discard(dead));
  accept(job());
}

TEST_P(JobStore, GivenTooManyQueuesWhenPausingANewOneThenRejected) {
  options.max_queues = 2;
  accept(job());
  ASSERT_TRUE(pause("second"));
  EXPECT_EQ(pause("third").error.rfind("rejected", 0), 0u);
  auto spec = job();
  spec.queue = "third";
  EXPECT_EQ(submit(spec).outcome, submitted::no_queue);
}

} // namespace
} // namespace tutti::tests::conformance

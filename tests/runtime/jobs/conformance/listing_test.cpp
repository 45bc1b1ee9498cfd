#include "tests/runtime/jobs/conformance/job_store.hpp"

#include <algorithm>
#include <random>

// Lists, their pages and counts; what is kept and what goes.
namespace tutti::tests::conformance {
namespace {

using namespace std::chrono_literals;

std::uint64_t count(const queue_view& q, job_status status) {
  std::uint64_t n = 0;
  for (auto& level : q.depth)
    n += level[static_cast<std::size_t>(status)];
  return n;
}

TEST_P(JobStore, GivenManyJobsWhenPagedThenEachOnceInOrderOfId) {
  std::vector<job_id> ids;
  for (int batch = 0; batch < 10; ++batch) {
    std::vector<job_spec> jobs;
    for (int i = 0; i < 1000; ++i) {
      jobs.push_back(job());
      ids.push_back(jobs.back().id);
    }
    std::shuffle(jobs.begin(), jobs.end(), std::minstd_rand{static_cast<unsigned>(batch)});
    submit_all(std::move(jobs));
    pass(30ms);
  }
  EXPECT_EQ(list({}, 500), ids);
  EXPECT_EQ(list({}, 333), ids);
  list_jobs query;
  query.limit = 1;
  query.after = ids[4999];
  auto one = page(query);
  ASSERT_EQ(one.jobs.size(), 1u);
  EXPECT_EQ(one.jobs[0].id, ids[5000]);
  EXPECT_TRUE(one.more);
  query.after = ids.back();
  EXPECT_TRUE(page(query).jobs.empty());
  EXPECT_FALSE(page(query).more);
}

TEST_P(JobStore, GivenCursorWhenJobsComeAndGoBetweenPagesThenNoneTwiceAndNoneMissed) {
  std::vector<job_id> ids;
  for (int i = 0; i < 100; ++i)
    ids.push_back(accept(job()));
  list_jobs query;
  query.limit = 30;
  std::vector<job_id> listed;
  for (int i = 0;; ++i) {
    auto part = page(query);
    for (auto& j : part.jobs)
      listed.push_back(j.id);
    if (!part.more)
      break;
    query.after = part.last;
    ids.push_back(accept(job()));                          // behind the cursor's place
    ASSERT_TRUE(cancel(ids[static_cast<std::size_t>(i)])); // in front of it, to another state
  }
  EXPECT_EQ(listed, ids);
}

TEST_P(JobStore, GivenJobsOfAllStatesWhenFilteredThenExactlyThoseAreListed) {
  auto w = attach(10);
  std::map<job_status, job_id> by;
  auto later = job();
  later.run_at = now() + 3600000;
  by[job_status::scheduled] = accept(later);
  by[job_status::succeeded] = accept(job("other"));
  finish(w, claim(w), kind::succeeded);
  by[job_status::dead] = bury(w, job(), "failed", "");
  by[job_status::retrying] = accept(job());
  finish(w, claim(w), kind::retry, 1h);
  by[job_status::running] = accept(job());
  claim(w);
  stop_claiming(w);
  auto spec = job();
  spec.queue = "elsewhere";
  spec.idempotency_key = "the-key";
  by[job_status::queued] = accept(spec);
  by[job_status::cancelled] = accept(job());
  ASSERT_TRUE(cancel(by[job_status::cancelled]));
  for (auto& [status, id] : by) {
    job_filter f;
    f.status = status;
    EXPECT_EQ(list(f), std::vector{id}) << to_string(status);
  }
  EXPECT_EQ(list().size(), by.size());
  job_filter f;
  f.type = "other";
  EXPECT_EQ(list(f), std::vector{by[job_status::succeeded]});
  f = {};
  f.queue = "elsewhere";
  EXPECT_EQ(list(f), std::vector{by[job_status::queued]});
  f = {};
  f.idempotency_key = "the-key";
  EXPECT_EQ(list(f), std::vector{by[job_status::queued]});
  f.status = job_status::dead;
  EXPECT_TRUE(list(f).empty());
  f = {};
  f.type = "other";
  f.queue = "elsewhere";
  EXPECT_TRUE(list(f).empty());
}

TEST_P(JobStore, GivenListWhenItHoldsJobsThenWithoutHistories) {
  auto w = attach(1);
  auto id = accept(job());
  finish(w, claim(w), kind::dead);
  ASSERT_TRUE(becomes(id, job_status::dead));
  auto all = page({});
  ASSERT_EQ(all.jobs.size(), 1u);
  EXPECT_TRUE(all.jobs[0].history.empty());
  EXPECT_FALSE(get(id)->history.empty());
}

TEST_P(JobStore, GivenRandomWorkWhenCountedThenQueuesAgreeWithLists) {
  options.claim_ttl_ms = 60000;
  options.retention_ms = options.key_retention_ms = 3600000; // all are counted at the end
  std::minstd_rand random{42};
  auto w = attach(20);
  std::vector<job_id> ids;
  for (int i = 0; i < 600; ++i) {
    auto spec = job();
    spec.queue = "q" + std::to_string(random() % 3);
    spec.priority = static_cast<priority>(random() % 3);
    if (random() % 4 == 0)
      spec.key = "k" + std::to_string(random() % 5);
    if (random() % 5 == 0)
      spec.run_at = now() + static_cast<unix_ms>(random() % 3000);
    ids.push_back(accept(spec));
    if (random() % 5 == 0)
      cancel(ids[random() % ids.size()]);
    if (random() % 7 == 0)
      retry(ids[random() % ids.size()]);
    if (waiting(w) > 0) {
      auto c = claim(w);
      finish(w, c, static_cast<kind>(random() % 5), milliseconds{random() % 500});
    }
    if (random() % 20 == 0)
      pass(20ms);
  }
  stop_claiming(w);
  auto moves = [&] { // by itself, while it is counted
    std::uint64_t n = 0;
    for (auto& q : queues())
      n += count(q, job_status::scheduled) + count(q, job_status::retrying);
    return n != 0;
  };
  ASSERT_TRUE(eventually([&] { return !moves(); }, 5s));
  auto all = queues();
  EXPECT_GE(all.size(), 3u); // a provider may always have its default queue
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](auto& a, auto& b) { return a.name < b.name; }));
  std::uint64_t total = 0;
  for (auto& q : all)
    for (std::size_t s = 0; s < job_status_count; ++s) {
      job_filter f;
      f.queue = q.name;
      f.status = static_cast<job_status>(s);
      EXPECT_EQ(count(q, *f.status), list(f).size()) << q.name << " " << to_string(*f.status);
      total += list(f).size();
    }
  EXPECT_EQ(total, ids.size()) << "a job is lost";
}

TEST_P(JobStore, GivenQueueWhenJobsWaitThenOldestAndRatesAreShown) {
  ASSERT_TRUE(pause("default"));
  EXPECT_EQ(queue("default").oldest_ready, 0);
  auto first = accept(job());
  auto created = get(first)->created_at;
  pass(100ms);
  accept(job());
  auto q = queue("default");
  EXPECT_GE(q.oldest_ready, created);
  EXPECT_LE(q.oldest_ready, created + 50);
  EXPECT_GT(q.submitted_per_s, 0);
  EXPECT_EQ(q.finished_per_s, 0);
  ASSERT_TRUE(cancel(first));
  EXPECT_GT(queue("default").oldest_ready, created);
}

TEST_P(JobStore, GivenMoreFinishedThanKeptWhenWorkGoesOnThenOldestGoEarlyButKeysStay) {
  options.max_finished = 50;
  options.retention_ms = options.key_retention_ms = 3600000;
  auto w = attach(10);
  std::vector<job_spec> specs;
  for (int i = 0; i < 300; ++i) {
    auto spec = job();
    spec.idempotency_key = "k" + std::to_string(i);
    spec.body = {static_cast<std::uint64_t>(i), 1};
    specs.push_back(spec);
    accept(spec);
    finish(w, claim(w), kind::succeeded);
  }
  ASSERT_TRUE(becomes(specs.back().id, job_status::succeeded));
  if (!here().evicts_early())
    GTEST_SKIP() << "this provider has no such bound";
  EXPECT_LE(list().size(), 55u);
  EXPECT_FALSE(get(specs[0].id));
  auto again = job();
  again.idempotency_key = "k0";
  again.body = specs[0].body;
  auto r = submit(again);
  EXPECT_EQ(r.outcome, submitted::duplicate);
  EXPECT_EQ(r.id, specs[0].id);
  EXPECT_EQ(r.status, job_status::succeeded);
  again.body = {7, 7};
  EXPECT_EQ(submit(again).outcome, submitted::key_misused);
}

TEST_P(JobStore, GivenPurgeOfMoreThanIsKeptWhenNothingElseHappensThenShrinks) {
  options.max_finished = 100;
  options.retention_ms = options.key_retention_ms = 3600000;
  for (int i = 0; i < 10; ++i) {
    std::vector<job_spec> batch;
    for (int n = 0; n < 100; ++n)
      batch.push_back(job());
    submit_all(std::move(batch));
  }
  EXPECT_EQ(purge("default"), 1000u);
  pass(1s);
  if (!here().evicts_early())
    GTEST_SKIP() << "this provider has no such bound";
  EXPECT_LE(list().size(), 100u);
}

} // namespace
} // namespace tutti::tests::conformance

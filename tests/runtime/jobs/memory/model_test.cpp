#include "runtime/jobs/memory/engine.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

// Random work against the memory engine, its invariants checked after each step.
// TUTTI_SEED repeats a run, TUTTI_STEPS makes it longer.
using namespace tutti::runtime::jobs;
using namespace tutti::runtime::jobs::memory;
using kind = attempt_outcome::kind;

namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  auto* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

struct claim_held {
  claimed_job job;
  std::uint32_t worker = 0;
};

/// What the test knows of a job.
struct known {
  std::string queue, key;
  std::uint64_t token = 0;
  unix_ms finished_at = 0;
  bool seen_final = false;
};

struct watcher final : job_observer {
  std::map<job_id, job_status> now;
  std::string broken;
  void accepted(std::string_view) override {}
  void changed(const job_change& c) override {
    auto [i, fresh] = now.try_emplace(c.id, c.status);
    using s = job_status;
    auto was = i->second;
    bool legal = fresh                      ? c.status == s::scheduled || c.status == s::queued
                 : c.status == s::queued    ? was != s::succeeded
                 : c.status == s::running   ? was == s::queued
                 : c.status == s::cancelled ? !is_final(was)
                 : c.status == s::scheduled || c.status == s::retrying || c.status == s::succeeded
                     ? was == s::running
                     : was == s::running;
    if (c.waited_ms < 0 || c.ran_ms.value_or(0) < 0)
      broken = "a negative time";
    if (!legal)
      broken = std::string{to_string(was)} + " to " + std::string{to_string(c.status)};
    i->second = c.status;
  }
};

class Model : public testing::Test {
protected:
  static constexpr std::uint32_t credit = 6;
  std::uint64_t seed = [] {
    auto s = from_environment("TUTTI_SEED", std::random_device{}());
    std::cout << "TUTTI_SEED=" << s << "\n";
    return s;
  }();
  std::mt19937_64 random{seed};
  watcher watch;
  store_options options = [] {
    store_options o;
    o.claim_ttl_ms = 2000;
    o.ageing_ms = 500;
    o.retention_ms = o.key_retention_ms = 20000;
    o.max_jobs = 120;
    o.max_finished = 60;
    o.max_keys = 40;
    o.max_queues = 4;
    o.queues["narrow"] = {2, 0, 1};
    o.queues["slow"] = {0, 5, 2};
    return o;
  }();
  memory_jobs jobs{options, &watch};
  unix_ms now = 1800000000000;
  unix_ms latest = now;
  std::map<job_id, known> all;
  std::map<std::uint32_t, std::vector<claim_held>> workers;
  std::vector<claim_held> stale;
  std::uint64_t evicted = 0;

  std::uint64_t pick(std::uint64_t n) { return random() % n; }
  job_id any() {
    if (all.empty())
      return {1, 1};
    auto i = all.begin();
    std::advance(i, static_cast<std::ptrdiff_t>(pick(all.size())));
    return i->first;
  }

  void submit() {
    static const char* queues[] = {"default", "narrow", "slow", "fourth", "one too many"};
    job_spec spec;
    spec.id = make_job_id(now);
    spec.type = "t" + std::to_string(pick(3));
    spec.payload = std::string(pick(50), 'x');
    spec.queue = queues[pick(20) == 0 ? 4 : pick(4)];
    spec.priority = static_cast<priority>(pick(3));
    spec.max_attempts = static_cast<std::uint32_t>(1 + pick(4));
    if (pick(3) == 0)
      spec.key = "k" + std::to_string(pick(4));
    if (pick(4) == 0)
      spec.run_at = now + static_cast<unix_ms>(pick(5000));
    if (pick(3) == 0) {
      spec.idempotency_key = "i" + std::to_string(pick(60));
      spec.body = {pick(2), 1};
    }
    if (pick(4) == 0) {
      spec.unique = static_cast<unique_policy>(1 + pick(3));
      spec.unique_value = {pick(6), 1};
    }
    auto copy = spec;
    auto r = jobs.submit(std::move(spec), now);
    if (r.outcome == submitted::accepted) {
      ASSERT_EQ(r.id, copy.id);
      all[r.id] = {copy.queue, copy.key, 0, 0, false};
      auto again = jobs.submit(std::move(copy), now); // an internal resend
      ASSERT_EQ(again.outcome, submitted::accepted);
      ASSERT_EQ(again.id, r.id);
    } else if (r.outcome == submitted::full || r.outcome == submitted::no_queue) {
      auto queues_now = jobs.queues(now);
      std::uint64_t dead = 0;
      for (auto& q : queues_now)
        for (auto& level : q.depth)
          dead += level[static_cast<std::size_t>(job_status::dead)];
      auto is_there = [&](auto& q) { return q.name == copy.queue; };
      ASSERT_TRUE(jobs.unfinished() + dead >= options.max_jobs
                  || (queues_now.size() == options.max_queues
                      && std::none_of(queues_now.begin(), queues_now.end(), is_there)));
    } else {
      ASSERT_TRUE(r.id);
    }
  }

  void claim(std::uint32_t worker) {
    auto& held = workers[worker];
    auto free = credit - std::min<std::size_t>(credit, held.size());
    std::vector<claimed_job> out;
    jobs.claim(worker, free, now, out);
    ASSERT_LE(out.size(), free);
    for (auto& c : out) {
      auto i = all.find(c.id);
      ASSERT_NE(i, all.end());
      ASSERT_GT(c.token, i->second.token) << "tokens only grow";
      ASSERT_LE(c.attempts_spent, c.attempt);
      i->second.token = c.token;
      held.push_back({c, worker});
    }
  }

  void finish() {
    std::vector<std::uint32_t> busy;
    for (auto& [id, held] : workers)
      if (!held.empty())
        busy.push_back(id);
    if (busy.empty())
      return;
    auto& held = workers[busy[pick(busy.size())]];
    auto k = static_cast<std::ptrdiff_t>(pick(held.size()));
    auto c = held[static_cast<std::size_t>(k)];
    held.erase(held.begin() + k);
    auto view = jobs.find(c.job.id);
    bool current = view && view->status == job_status::running && jobs.token(c.job.id) == c.job.token;
    attempt_outcome o;
    o.id = c.job.id;
    o.token = c.job.token;
    o.what = static_cast<kind>(pick(6));
    o.retry_in_ms = static_cast<std::int64_t>(pick(3000)) - 200;
    o.result = "1";
    o.error = {"failed", "words"};
    auto twice = o;
    ASSERT_EQ(jobs.finish(std::move(o), now), current);
    if (current && jobs.find(c.job.id)->status != job_status::running) {
      ASSERT_FALSE(jobs.finish(std::move(twice), now));
    }
    stale.push_back(c);
  }

  void bad_token() {
    if (stale.empty())
      return;
    auto& c = stale[pick(stale.size())];
    attempt_outcome o;
    o.id = c.job.id;
    o.token = c.job.token;
    ASSERT_FALSE(jobs.finish(std::move(o), now));
    std::vector<revocation> lost;
    jobs.renew({{c.job.id, c.job.token}}, now, lost);
    ASSERT_EQ(lost.size(), 1u);
    jobs.progress({{c.job.id, c.job.token}, "stale"});
    if (auto view = jobs.find(c.job.id)) {
      ASSERT_NE(view->progress, "stale");
    }
    if (stale.size() > 200)
      stale.erase(stale.begin(), stale.begin() + 100);
  }

  void drop(std::uint32_t worker, const claim_ref& claim) {
    auto& held = workers[worker];
    auto i = std::find_if(held.begin(), held.end(),
                          [&](auto& c) { return c.job.id == claim.id && c.job.token == claim.token; });
    ASSERT_NE(i, held.end()) << "a revocation of a claim that the worker does not hold";
    stale.push_back(*i);
    held.erase(i);
  }

  void pass(unix_ms by) {
    now += by;
    std::vector<std::pair<memory_jobs::worker_id, revocation>> lost;
    jobs.tick(now, lost);
    for (auto& [worker, r] : lost)
      if (workers.count(worker))
        drop(worker, r.claim);
  }

  void renew(std::uint32_t worker) {
    std::vector<claim_ref> refs;
    for (auto& c : workers[worker])
      refs.push_back({c.job.id, c.job.token});
    std::vector<revocation> lost;
    jobs.renew(refs, now, lost);
    for (auto& r : lost)
      drop(worker, r.claim);
  }

  std::uint32_t any_worker() {
    if (workers.empty() || (workers.size() < 3 && pick(10) == 0))
      return workers.emplace(jobs.attach("n" + std::to_string(pick(3))), std::vector<claim_held>{})
          .first->first;
    auto i = workers.begin();
    std::advance(i, static_cast<std::ptrdiff_t>(pick(workers.size())));
    return i->first;
  }

  void end_worker() {
    if (workers.empty())
      return;
    auto w = any_worker();
    for (auto& c : workers[w])
      stale.push_back(c);
    workers.erase(w);
    jobs.detach(w, pick(2) == 0, now);
  }

  void step() {
    switch (pick(24)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      return submit();
    case 6:
    case 7:
    case 8:
    case 9:
      return claim(any_worker());
    case 10:
    case 11:
    case 12:
    case 13:
      return finish();
    case 14:
      return bad_token();
    case 15: {
      auto id = any();
      auto before = jobs.find(id);
      auto done = jobs.cancel(id, now);
      ASSERT_EQ(before.has_value(), done.has_value());
      if (done && done->first.outcome == cancelled::requested) {
        ASSERT_EQ(before->status, job_status::running);
      }
      return;
    }
    case 16:
      jobs.retry(any(), pick(2) == 0, now);
      return;
    case 17: {
      auto id = any();
      if (jobs.discard(id, now) == change::done) {
        ASSERT_FALSE(jobs.find(id));
        all.erase(id);
      }
      return;
    }
    case 18:
      if (pick(20) == 0)
        jobs.retry_dead({}, static_cast<std::uint32_t>(pick(5)), now);
      else if (pick(40) == 0)
        jobs.purge("default", 1 + pick(50), now, now);
      return;
    case 19:
      jobs.pause("fourth", pick(2) == 0, now);
      return;
    case 20:
      if (pick(6) == 0)
        end_worker();
      return;
    case 21:
      return renew(any_worker());
    case 22:
      return pass(static_cast<unix_ms>(pick(30) == 0 ? pick(8000) : pick(200)));
    default:
      if (pick(200) == 0)
        now -= static_cast<unix_ms>(pick(3000)); // the wall clock steps back
      return;
    }
  }

  void check() {
    ASSERT_EQ(watch.broken, "");
    list_jobs query;
    query.limit = 1000000;
    auto listed = jobs.list(query);
    ASSERT_FALSE(listed.more);
    std::map<std::string, std::array<std::array<std::uint64_t, job_status_count>, priority_count>> depth;
    std::map<std::string, std::uint64_t> running;
    std::map<std::pair<std::string, std::string>, int> key_runs;
    std::set<job_id> present;
    std::set<std::pair<job_id, std::uint64_t>> live;
    for (auto& [w, held] : workers) {
      ASSERT_LE(held.size(), credit);
      for (auto& c : held)
        live.emplace(c.job.id, c.job.token);
    }
    for (auto& j : listed.jobs) {
      ASSERT_TRUE(present.insert(j.id).second) << "in two states";
      auto i = all.find(j.id);
      ASSERT_NE(i, all.end()) << "a job that nobody submitted";
      ASSERT_EQ(watch.now.at(j.id), j.status) << "told otherwise";
      ++depth[j.queue][static_cast<std::size_t>(j.priority)][static_cast<std::size_t>(j.status)];
      i->second.seen_final = is_final(j.status);
      if (j.status != job_status::running)
        continue;
      ++running[j.queue];
      ASSERT_TRUE(live.count({j.id, jobs.token(j.id)})) << "runs nowhere";
      if (!j.key.empty()) {
        ASSERT_EQ(++key_runs[std::pair(j.queue, j.key)], 1) << "two of one key";
      }
    }
    ASSERT_LE(running["narrow"], 2u);
    for (auto& q : jobs.queues(now))
      for (std::size_t p = 0; p < priority_count; ++p)
        for (std::size_t s = 0; s < job_status_count; ++s)
          ASSERT_EQ(q.depth[p][s], depth[q.name][p][s]) << q.name << " " << p << " " << s;
    for (auto i = all.begin(); i != all.end();) {
      if (present.count(i->first)) {
        ++i;
        continue;
      }
      auto last = watch.now.at(i->first);
      ASSERT_TRUE(last == job_status::succeeded || last == job_status::cancelled)
          << "lost as " << to_string(last);
      i = all.erase(i);
      ++evicted;
    }
  }
};

TEST_F(Model, GivenRandomWorkWhenEachStepIsCheckedThenNothingIsLostNorTwice) {
  auto steps = from_environment("TUTTI_STEPS", 20000);
  SCOPED_TRACE("repeat with TUTTI_SEED=" + std::to_string(seed));
  RecordProperty("seed", std::to_string(seed));
  for (std::uint64_t i = 0; i < steps; ++i) {
    step();
    check();
    if (HasFatalFailure())
      FAIL() << "at step " << i;
  }
  if (steps >= 10000) {
    EXPECT_GT(evicted, 0u) << "too little happened";
  }
}

/// At the end of the world everything that waits comes to an end.
TEST_F(Model, GivenRandomWorkWhenItIsThenServedThenAllOfItEnds) {
  SCOPED_TRACE("repeat with TUTTI_SEED=" + std::to_string(seed));
  for (int i = 0; i < 3000; ++i) {
    step();
    if (HasFatalFailure())
      FAIL() << "at step " << i;
  }
  check();
  jobs.pause("fourth", false, now);
  for (int i = 0; i < 20000 && jobs.unfinished() != 0; ++i) {
    auto w = any_worker();
    claim(w);
    for (auto& c : std::exchange(workers[w], {})) {
      attempt_outcome o;
      o.id = c.job.id;
      o.token = c.job.token;
      jobs.finish(std::move(o), now);
    }
    auto due = jobs.next_due(now);
    ASSERT_TRUE(due) << "unfinished jobs and nothing due";
    pass(std::clamp<unix_ms>(*due - now, 1, 5000));
    check();
    if (HasFatalFailure())
      FAIL() << "at round " << i;
  }
  EXPECT_EQ(jobs.unfinished(), 0u);
}

} // namespace

#include "tests/runtime/jobs/conformance/attempts.hpp"

#include <atomic>
#include <stdexcept>

#include <caf/all.hpp>

namespace tutti::tests::conformance {
namespace {

using namespace std::chrono_literals;
using s = job_status;

/// Thousands of jobs through three places: none lost, none run twice at once, never more than three.
TEST_P(JobStore, GivenThousandsWhenConcurrencyIsThreeThenCreditIsNeverExceededNorLost) {
  options.retention_ms = options.key_retention_ms = 3600000; // all are counted at the end
  struct counts {
    std::atomic<int> running{0}, most{0}, runs{0};
  };
  auto n = std::make_shared<counts>();
  types->add(of("test", [n](job_actor* self) -> caf::behavior {
    auto now_running = ++n->running;
    n->most = std::max(n->most.load(), now_running);
    ++n->runs;
    self->attach_functor([n] { --n->running; });
    switch (self->job().id.lo % 5) {
    case 0:
      throw std::runtime_error("crash");
    case 1:
      self->reject({"rejected", ""});
      return {};
    case 2:
      self->send(self, go::value);
      return {[self](go) { self->succeed(); }};
    default:
      self->succeed();
      return {};
    }
  }));
  auto r = start_runner(with(3));
  std::vector<job_id> ids;
  for (int i = 0; i < 20; ++i) {
    std::vector<job_spec> batch;
    for (int k = 0; k < 150; ++k) {
      batch.push_back(job());
      batch.back().max_attempts = 2;
      ids.push_back(batch.back().id);
    }
    submit_all(std::move(batch));
  }
  ASSERT_TRUE(eventually(
      [&] {
        auto q = queue("default");
        return q.depth[1][static_cast<std::size_t>(s::succeeded)]
                   + q.depth[1][static_cast<std::size_t>(s::dead)]
               == ids.size();
      },
      60s));
  EXPECT_LE(n->most, 3);
  EXPECT_GE(n->runs, 3000);
  // The credit is whole: three fit in at once.
  EXPECT_EQ(live_actors("job:test"), 0u);
  auto done = drain(r, 1s);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->handed_back, 0u);
}

TEST_P(JobStore, GivenCrashesTimeoutsCancelsAndLostClaimsWhenTheyAreOverThenAllPlacesAreFree) {
  types->add(of("crash", [](job_actor*) -> caf::behavior { throw std::runtime_error("crash"); }));
  types->add(of("stay", [](job_actor*) { return stay(); }));
  start_runner(with(3));
  std::vector<job_id> ids;
  for (int i = 0; i < 30; ++i) {
    auto spec = job(i % 2 ? "crash" : "stay");
    spec.max_attempts = 2;
    spec.timeout_ms = 200;
    ids.push_back(accept(spec));
    if (i % 6 == 0) {
      eventually([&] { return status(ids.back()) == s::running; }, 500ms);
      cancel(ids.back());
    }
  }
  ASSERT_TRUE(eventually(
      [&] { return std::all_of(ids.begin(), ids.end(), [&](auto id) { return is_final(status(id)); }); },
      60s));
  std::vector<job_id> three;
  for (int i = 0; i < 4; ++i)
    three.push_back(accept(job("stay")));
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(becomes(three[static_cast<std::size_t>(i)], s::running));
  EXPECT_EQ(live_actors("job:stay"), 3u);
  EXPECT_EQ(status(three[3]), s::queued);
}

TEST_P(JobStore, GivenDrainWhenAttemptsRunThenTheyCompleteAndNothingIsClaimedAfter) {
  types->add(of("test", [](job_actor* self) -> caf::behavior {
    self->delayed_send(self, 200ms, go::value);
    return {[self](go) { self->succeed(); }};
  }));
  auto r = start_runner(with(2));
  std::vector<job_id> ids;
  for (int i = 0; i < 5; ++i)
    ids.push_back(accept(job()));
  ASSERT_TRUE(becomes(ids[0], s::running));
  auto done = drain(r, 5s);
  ASSERT_TRUE(done) << "no answer";
  EXPECT_EQ(done->completed, 2u);
  EXPECT_EQ(done->handed_back, 0u);
  EXPECT_EQ(status(ids[0]), s::succeeded);
  EXPECT_EQ(status(ids[1]), s::succeeded);
  pass(500ms);
  for (int i = 2; i < 5; ++i) {
    EXPECT_EQ(status(ids[static_cast<std::size_t>(i)]), s::queued);
    EXPECT_EQ(get(ids[static_cast<std::size_t>(i)])->attempt, 0u);
  }
  auto again = drain(r, 1s);
  ASSERT_TRUE(again) << "a second drain is answered too";
}

TEST_P(JobStore, GivenDrainedRunnerWhenResumedThenItClaimsAgain) {
  types->add(of("test", [](job_actor* self) -> caf::behavior {
    self->succeed();
    return {};
  }));
  auto r = start_runner(with(2));
  ASSERT_TRUE(drain(r, 1s)) << "no answer";
  std::vector<job_id> ids;
  for (int i = 0; i < 5; ++i)
    ids.push_back(accept(job()));
  pass(500ms);
  EXPECT_EQ(status(ids[0]), s::queued);
  caf::anon_send(r, resume_runner{});
  for (auto& id : ids)
    EXPECT_TRUE(becomes(id, s::succeeded));
  ASSERT_TRUE(drain(r, 1s)) << "it drains again";
  auto late = accept(job());
  pass(500ms);
  EXPECT_EQ(status(late), s::queued);
}

TEST_P(JobStore, GivenDrainUnderWayWhenResumedThenAttemptsGoOn) {
  types->add(of("test", [](job_actor* self) -> caf::behavior {
    self->delayed_send(self, 800ms, go::value);
    return {[self](go) { self->succeed(); }};
  }));
  auto r = start_runner(with(2));
  auto id = accept(job());
  ASSERT_TRUE(becomes(id, s::running));
  caf::anon_send(r, drain_runner{200ms});
  caf::anon_send(r, resume_runner{});
  EXPECT_TRUE(becomes(id, s::succeeded));
  EXPECT_EQ(get(id)->attempt, 1u);
}

TEST_P(JobStore, GivenDrainWhenDeadlineIsOverThenHandsBackWithoutCost) {
  types->add(of("test", [](job_actor*) { return stay(); }));
  auto r = start_runner(with(2));
  auto spec = job();
  spec.max_attempts = 1;
  auto id = accept(spec);
  ASSERT_TRUE(becomes(id, s::running));
  auto done = drain(r, 300ms);
  ASSERT_TRUE(done) << "no answer";
  EXPECT_EQ(done->handed_back, 1u);
  EXPECT_EQ(done->completed, 0u);
  kill(r);
  ASSERT_TRUE(becomes(id, s::queued));
  EXPECT_EQ(get(id)->history.at(0).outcome, "released");
  start_runner(with(2));
  EXPECT_TRUE(becomes(id, s::running));
}

TEST_P(JobStore, GivenIdleRunnerWhenDrainedThenAnswersAtOnce) {
  auto r = start_runner(with(2));
  auto done = drain(r, 10s);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->completed + done->handed_back, 0u);
}

TEST_P(JobStore, GivenRunnerThatDiesWhenAttemptsRunThenTheyEndAndRunElsewhere) {
  types->add(of("test", [](job_actor*) { return stay(); }));
  auto r = start_runner(with(2));
  auto id = accept(job());
  ASSERT_TRUE(becomes(id, s::running));
  kill(r);
  EXPECT_TRUE(eventually([&] { return live_actors("job:test") == 0; }));
  start_runner(with(2));
  ASSERT_TRUE(eventually([&] { return get(id)->attempt == 2; }, 10s));
  EXPECT_EQ(get(id)->history.at(0).outcome, "lost");
}

TEST_P(JobStore, GivenStoreThatEndsWhenAttemptsRunThenRunnerEndsToo) {
  types->add(of("test", [](job_actor*) { return stay(); }));
  start_runner(with(2));
  auto id = accept(job());
  ASSERT_TRUE(becomes(id, s::running));
  end_store();
  EXPECT_TRUE(eventually([&] { return live_actors("job-runner") == 0 && live_actors("job:test") == 0; }));
  start_runner(with(2));
  EXPECT_TRUE(eventually([&] { return get(id)->attempt == 2; }, 10s));
}

TEST_P(JobStore, GivenKeyedJobsWhenRunnerIsWideThenNeverOverlapAndStayInOrder) {
  options.retention_ms = options.key_retention_ms = 3600000; // all are counted at the end
  struct log {
    std::mutex lock;
    std::map<std::string, int> running;
    std::map<std::string, std::vector<job_id>> order;
    bool overlapped = false;
  };
  auto l = std::make_shared<log>();
  types->add(of("test", [l](job_actor* self) -> caf::behavior {
    auto key = self->job().key;
    {
      std::lock_guard guard{l->lock};
      l->overlapped = l->overlapped || ++l->running[key] > 1;
      if (self->job().attempt == 1)
        l->order[key].push_back(self->job().id);
    }
    self->attach_functor([l, key] {
      std::lock_guard guard{l->lock};
      --l->running[key];
    });
    if (self->job().attempt == 1 && self->job().id.lo % 3 == 0) {
      self->fail({"failed", ""});
      return {};
    }
    self->delayed_send(self, milliseconds{self->job().id.lo % 7}, go::value);
    return {[self](go) { self->succeed(); }};
  }));
  start_runner(with(16));
  std::map<std::string, std::vector<job_id>> expected;
  std::size_t n = 0;
  for (int i = 0; i < 60; ++i) {
    auto key = "k" + std::to_string(i % 4);
    expected[key].push_back(accept(keyed(key)));
    ++n;
  }
  ASSERT_TRUE(eventually(
      [&] { return queue("default").depth[1][static_cast<std::size_t>(s::succeeded)] == n; }, 60s));
  std::lock_guard guard{l->lock};
  EXPECT_FALSE(l->overlapped);
  EXPECT_EQ(l->order, expected);
}

} // namespace
} // namespace tutti::tests::conformance

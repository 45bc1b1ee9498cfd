#include "runtime/jobs/job_actor.hpp"
#include "tests/runtime/jobs/conformance/job_store.hpp"

#include <atomic>
#include <stdexcept>

#include <caf/all.hpp>

// Whole attempts: the provider, a runner and one actor for each attempt.
namespace tutti::tests::conformance {
namespace {

using namespace std::chrono_literals;
using s = job_status;
using go = caf::atom_constant<caf::atom("go")>;

job_type of(std::string name, std::function<caf::behavior(job_actor*)> run) {
  job_type type;
  type.name = std::move(name);
  type.schema = "{}";
  type.run = std::move(run);
  type.retry = {100ms, 400ms};
  return type;
}

/// Stays until something ends it.
caf::behavior stay() {
  return {[](go) {}};
}

runner_options with(std::uint32_t concurrency) {
  return {concurrency, 1000ms, 300ms};
}

TEST_P(JobStore, GivenRunnerWhenHandlerSucceedsThenResultIsKept) {
  types->add(of("test", [](job_actor* self) -> caf::behavior {
    self->succeed(std::string{self->payload()});
    return {};
  }));
  start_runner(with(4));
  auto spec = job();
  spec.payload = R"({"a":[1,2]})";
  auto id = accept(spec);
  ASSERT_TRUE(becomes(id, s::succeeded));
  EXPECT_EQ(get(id)->result, R"({"a":[1,2]})");
  EXPECT_EQ(get(id)->node, "n");
}

TEST_P(JobStore, GivenHandlerThatFailsWhenRetriedThenDelaysAreWithinFullJitter) {
  types->add(of("test", [](job_actor* self) -> caf::behavior {
    self->fail({"failed", "again"});
    return {};
  }));
  start_runner(with(1));
  auto spec = job();
  spec.max_attempts = 6;
  auto id = accept(spec);
  ASSERT_TRUE(becomes(id, s::dead, 10s));
  auto history = get(id)->history;
  ASSERT_EQ(history.size(), 6u);
  for (std::size_t i = 1; i < 6; ++i) {
    auto bound = std::min<unix_ms>(400, 100 << (i - 1));
    auto waited = history[i].started_at - history[i - 1].finished_at;
    EXPECT_GE(waited, bound / 10);
    EXPECT_LE(waited, bound + here().slack().count());
  }
}

TEST_P(JobStore, GivenManySnoozesWhenItThenFailsThenDelayIsThatOfAFirstFailure) {
  auto type = of("test", [](job_actor* self) -> caf::behavior {
    if (self->job().attempt <= 12)
      self->snooze(1ms);
    else if (self->job().attempt == 13)
      self->fail({"failed", "first"});
    else
      self->succeed();
    return {};
  });
  type.retry = {20ms, 600s};
  types->add(type);
  start_runner(with(1));
  auto id = accept(job());
  ASSERT_TRUE(becomes(id, s::succeeded, 3s));
}

TEST_P(JobStore, GivenOwnDelayWhenAskedForThenHonouredExactly) {
  types->add(of("test", [](job_actor* self) -> caf::behavior {
    if (self->job().attempt == 1)
      self->retry_in(700ms, {"failed", "Retry-After"});
    else
      self->succeed();
    return {};
  }));
  start_runner(with(1));
  auto id = accept(job());
  ASSERT_TRUE(becomes(id, s::succeeded));
  auto h = get(id)->history;
  ASSERT_EQ(h.size(), 2u);
  EXPECT_GE(h[1].started_at - h[0].finished_at, 700);
  EXPECT_LE(h[1].started_at - h[0].finished_at, 700 + here().slack().count());
}

TEST_P(JobStore, GivenRejectWhenAttemptsAreLeftThenDead) {
  types->add(of("test", [](job_actor* self) -> caf::behavior {
    self->reject({"rejected", "403"});
    return {};
  }));
  start_runner(with(1));
  auto id = accept(job());
  ASSERT_TRUE(becomes(id, s::dead));
  EXPECT_EQ(get(id)->attempt, 1u);
  EXPECT_EQ(get(id)->error.kind, "rejected");
}

TEST_P(JobStore, GivenHandlersThatThrowOrLeaveWhenRunThenEachIsAFailedAttempt) {
  types->add(of("throws-at-once", [](job_actor*) -> caf::behavior { throw std::runtime_error("at once"); }));
  types->add(of("throws-later", [](job_actor* self) -> caf::behavior {
    self->send(self, go::value);
    return {[](go) { throw std::runtime_error("later"); }};
  }));
  types->add(of("throws-a-number", [](job_actor*) -> caf::behavior { throw 7; }));
  types->add(of("leaves", [](job_actor*) -> caf::behavior { return {}; }));
  types->add(of("quits", [](job_actor* self) -> caf::behavior {
    self->quit();
    return stay();
  }));
  start_runner(with(10));
  std::map<std::string, std::string> words = {{"throws-at-once", "at once"},
                                              {"throws-later", "later"},
                                              {"throws-a-number", "not a std::exception"},
                                              {"leaves", "without an outcome"},
                                              {"quits", "without an outcome"}};
  for (auto& [type, text] : words) {
    auto spec = job(type);
    spec.max_attempts = 2;
    auto id = accept(spec);
    ASSERT_TRUE(becomes(id, s::dead)) << type;
    EXPECT_EQ(get(id)->attempt, 2u) << type;
    EXPECT_EQ(get(id)->error.kind, "failed") << type;
    EXPECT_NE(get(id)->error.message.find(text), std::string::npos) << type << ": " << get(id)->error.message;
  }
  EXPECT_EQ(live_actors("job:leaves"), 0u);
}

TEST_P(JobStore, GivenTwoEndingsWhenCalledThenTheFirstCounts) {
  types->add(of("test", [](job_actor* self) -> caf::behavior {
    self->succeed("1");
    self->fail({"failed", "no"});
    self->progress("2");
    throw std::runtime_error("and this");
  }));
  start_runner(with(1));
  auto id = accept(job());
  ASSERT_TRUE(becomes(id, s::succeeded));
  EXPECT_EQ(get(id)->result, "1");
  EXPECT_TRUE(get(id)->progress.empty());
}

TEST_P(JobStore, GivenEndingInInitWhenABehaviourIsReturnedThenItStillEnds) {
  types->add(of("test", [](job_actor* self) -> caf::behavior {
    self->succeed();
    return stay();
  }));
  start_runner(with(1));
  ASSERT_TRUE(becomes(accept(job()), s::succeeded));
  EXPECT_TRUE(eventually([&] { return live_actors("job:test") == 0; }));
}

TEST_P(JobStore, GivenEndingWhenARequestIsStillOpenThenTheAttemptEndsAllTheSame) {
  auto mute = std::make_shared<caf::actor>();
  types->add(of("test", [mute](job_actor* self) -> caf::behavior {
    self->send(self, go::value);
    auto ask = [=] {
      if (self->payload() == "3")
        self->quit();
      self->request(*mute, 3600s, go::value).then([] {}, [](const caf::error&) {});
      self->succeed();
      self->request(*mute, 3600s, go::value).then([] {}, [](const caf::error&) {});
      if (self->payload() == "4")
        throw std::runtime_error("after the end");
    };
    if (self->payload() == "1" || self->payload() == "4")
      ask();
    return {[=](go) { ask(); }};
  }));
  here();
  *mute = here().system().spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](go) { return self->make_response_promise<int>(); }};
  });
  start_runner(with(1));
  for (auto payload : {"1", "2", "3", "4"}) {
    auto spec = job();
    spec.payload = payload;
    ASSERT_TRUE(becomes(accept(spec), s::succeeded)) << payload;
  }
  kill(*mute);
  *mute = nullptr;
}

TEST_P(JobStore, GivenTimeoutWhenAttemptTakesLongerThenKilledAndRetried) {
  types->add(of("test", [](job_actor*) { return stay(); }));
  start_runner(with(1));
  auto spec = job();
  spec.timeout_ms = 300;
  spec.max_attempts = 2;
  auto id = accept(spec);
  ASSERT_TRUE(becomes(id, s::dead, 10s));
  auto j = get(id);
  EXPECT_EQ(j->error.kind, "timeout");
  ASSERT_EQ(j->history.size(), 2u);
  for (auto& h : j->history) {
    EXPECT_GE(h.finished_at - h.started_at, 290);
    EXPECT_LE(h.finished_at - h.started_at, 300 + here().slack().count());
  }
}

TEST_P(JobStore, GivenRunningWhenCancelledWithoutTidyUpThenEndsAtOnce) {
  types->add(of("test", [](job_actor*) { return stay(); }));
  start_runner(with(1));
  auto id = accept(job());
  ASSERT_TRUE(becomes(id, s::running));
  auto asked_at = now();
  EXPECT_EQ(cancel(id)->outcome, cancelled::requested);
  ASSERT_TRUE(becomes(id, s::cancelled));
  EXPECT_LE(get(id)->finished_at, asked_at + 100);
  EXPECT_EQ(get(id)->error.kind, "cancelled");
}

TEST_P(JobStore, GivenTidyUpWhenCancelledThenItRunsAndMayTakeItsTime) {
  auto tidied = std::make_shared<std::atomic<int>>(0);
  types->add(of("test", [tidied](job_actor* self) -> caf::behavior {
    self->on_cancel([=] {
      ++*tidied;
      self->delayed_send(self, 100ms, go::value);
    });
    return {[=](go) { self->cancelled(); }};
  }));
  start_runner(with(1));
  auto id = accept(job());
  ASSERT_TRUE(becomes(id, s::running));
  ASSERT_TRUE(cancel(id));
  ASSERT_TRUE(cancel(id)) << "twice";
  ASSERT_TRUE(becomes(id, s::cancelled));
  EXPECT_EQ(*tidied, 1);
  auto j = get(id);
  EXPECT_GE(j->finished_at - j->started_at, 100);
}

TEST_P(JobStore, GivenTidyUpThatNeverEndsWhenGraceIsOverThenKilled) {
  types->add(of("test", [](job_actor* self) -> caf::behavior {
    self->on_cancel([] {});
    return stay();
  }));
  start_runner(with(1));
  auto id = accept(job());
  ASSERT_TRUE(becomes(id, s::running));
  auto asked_at = now();
  ASSERT_TRUE(cancel(id));
  ASSERT_TRUE(becomes(id, s::cancelled));
  EXPECT_GE(get(id)->finished_at - asked_at, 290);
}

TEST_P(JobStore, GivenTidyUpThatThrowsOrSucceedsWhenCancelledThenCancelledOrSucceeded) {
  types->add(of("throws", [](job_actor* self) -> caf::behavior {
    self->on_cancel([] { throw std::runtime_error("oops"); });
    return stay();
  }));
  types->add(of("succeeds", [](job_actor* self) -> caf::behavior {
    self->on_cancel([self] { self->succeed("\"just in time\""); });
    return stay();
  }));
  start_runner(with(2));
  for (auto [type, end] : {std::pair{"throws", s::cancelled}, {"succeeds", s::succeeded}}) {
    auto id = accept(job(type));
    ASSERT_TRUE(becomes(id, s::running));
    ASSERT_TRUE(cancel(id));
    EXPECT_TRUE(becomes(id, end)) << type;
  }
}

TEST_P(JobStore, GivenLongRunWhenLeasesPassThenRunnerRenews) {
  types->add(of("test", [](job_actor* self) -> caf::behavior {
    self->delayed_send(self, 4s, go::value);
    return {[self](go) { self->succeed(); }};
  }));
  start_runner(with(2));
  auto id = accept(job());
  ASSERT_TRUE(becomes(id, s::succeeded, 10s));
  EXPECT_EQ(get(id)->attempt, 1u);
}

TEST_P(JobStore, GivenProgressWhenReportedOftenThenTheLatestIsShown) {
  types->add(of("test", [](job_actor* self) -> caf::behavior {
    for (int i = 0; i < 1000; ++i)
      self->progress(std::to_string(i));
    return stay();
  }));
  start_runner(with(1));
  auto id = accept(job());
  EXPECT_TRUE(eventually([&] { return get(id)->progress == "999"; }));
}

TEST_P(JobStore, GivenUnknownTypeWhenClaimedThenAnotherNodeMayRunItLater) {
  start_runner(with(1));
  auto id = accept(job("from-a-newer-node"));
  ASSERT_TRUE(becomes(id, s::retrying));
  EXPECT_EQ(get(id)->error.kind, "unknown-type");
}

/// Thousands of jobs through three places: none lost, none run twice at once, never more than three.
TEST_P(JobStore, GivenThousandsWhenConcurrencyIsThreeThenCreditIsNeverExceededNorLost) {
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

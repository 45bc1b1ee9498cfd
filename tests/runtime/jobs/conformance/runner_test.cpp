#include "tests/runtime/jobs/conformance/attempts.hpp"

#include <atomic>
#include <stdexcept>

#include <caf/all.hpp>

namespace tutti::tests::conformance {
namespace {

using namespace std::chrono_literals;
using s = job_status;

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

} // namespace
} // namespace tutti::tests::conformance

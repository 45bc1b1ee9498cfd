#include "runtime/actor/supervisor.hpp"
#include "runtime/jobs/job_actor.hpp"
#include "runtime/jobs/memory/store.hpp"
#include "runtime/jobs/runner.hpp"
#include "tests/support/virtual_time.hpp"

#include <caf/all.hpp>

using namespace std::chrono_literals;
using namespace tutti::runtime;
using namespace tutti::runtime::jobs;

namespace {

using go = caf::atom_constant<caf::atom("go")>;

/// The runner and its attempts against a store that the test plays.
struct Attempts : tutti::tests::VirtualTime {
  actor::actor_table table{"n"};
  std::shared_ptr<job_types> types = std::make_shared<job_types>();
  std::vector<attempt_outcome> outcomes;
  std::vector<std::size_t> batches;
  std::vector<progress_report> progress;
  std::vector<claim_ref> renewed;
  int resumed = 0;
  bool confirms_stop = true;
  caf::actor store, runner;

  void add(std::string name, std::function<caf::behavior(job_actor*)> run) {
    job_type type;
    type.name = std::move(name);
    type.run = std::move(run);
    types->add(std::move(type));
  }
  void start(std::uint32_t concurrency = 8) {
    store = sys.spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {
          [](const attach_worker&) {},
          [this](stop_claiming) -> caf::result<void> {
            if (confirms_stop)
              return caf::unit;
            return caf::sec::unexpected_message;
          },
          [this](resume_claiming) { ++resumed; },
          [this](finish_attempts& f) {
            batches.push_back(f.outcomes.size());
            std::move(f.outcomes.begin(), f.outcomes.end(), std::back_inserter(outcomes));
          },
          [this](report_progress& p) {
            std::move(p.reports.begin(), p.reports.end(), std::back_inserter(progress));
          },
          [this](renew_claims& r) { renewed.insert(renewed.end(), r.claims.begin(), r.claims.end()); },
      };
    });
    sys.spawn([this, concurrency](caf::event_based_actor* self) {
      runner = spawn_runner(*self, {&table, "/n/runner", 0, {}}, store, types, {concurrency, 30s, 1s});
    });
    run();
    running = {store, runner};
  }
  claimed_job job(std::string type, std::uint64_t number = 1, std::uint64_t token = 1) {
    claimed_job out;
    out.id = {number, number};
    out.token = token;
    out.type = std::move(type);
    out.payload = "{}";
    out.attempt = out.attempts_spent = 1;
    out.attempts_left = 4;
    out.timeout_ms = 60000;
    return out;
  }
  void give(std::vector<claimed_job> jobs) {
    client->send(runner, jobs_claimed{std::move(jobs)});
    run();
  }
  void revoke(std::uint64_t number, std::uint64_t token, bool cancel) {
    client->send(runner, claims_revoked{{{{{number, number}, token}, cancel}}});
    run();
  }
  std::size_t live() {
    return table.actors([](auto& a) { return a.type.rfind("job:", 0) == 0; }).size();
  }
  /// Also when an actor keeps itself busy: the others get their turns.
  void run_some(std::size_t steps) {
    auto& ready = scheduler().jobs;
    for (std::size_t i = 0; i < steps && !ready.empty(); ++i) {
      scheduler().try_run_once();
      if (ready.size() > 1)
        std::rotate(ready.begin(), ready.begin() + 1, ready.end());
    }
  }
  void TearDown() override {
    VirtualTime::TearDown();
    running.clear();
    store = runner = nullptr;
  }
};

TEST_F(Attempts, GivenRevocationWhenItsSlotHasANewAttemptThenThatOneStays) {
  add("quick", [](job_actor* self) -> caf::behavior {
    self->succeed();
    return {};
  });
  add("stay", [](job_actor*) -> caf::behavior { return {[](go) {}}; });
  start();
  give({job("quick", 1, 10)});
  EXPECT_EQ(outcomes.size(), 1u);
  give({job("stay", 2, 20)}); // in the first one's slot
  revoke(1, 10, false);
  revoke(1, 10, true);
  revoke(2, 19, false); // an older claim of the same job
  EXPECT_EQ(live(), 1u);
  revoke(2, 20, false);
  EXPECT_EQ(live(), 0u);
  ASSERT_EQ(outcomes.size(), 2u) << "a lost claim is still answered, so that its credit comes back";
  EXPECT_EQ(outcomes[1].token, 20u);
}

TEST_F(Attempts, GivenSameJobAgainWhenItsOldClaimIsLostThenOnlyTheOldAttemptEnds) {
  add("stay", [](job_actor*) -> caf::behavior { return {[](go) {}}; });
  start();
  give({job("stay", 1, 10)});
  client->send(runner, claims_revoked{{{{{1, 1}, 10}, false}}});
  give({job("stay", 1, 11)});
  EXPECT_EQ(live(), 1u);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].token, 10u);
}

TEST_F(Attempts, GivenBurstWhenAttemptsEndTogetherThenOutcomesTravelInBatches) {
  add("quick", [](job_actor* self) -> caf::behavior {
    self->succeed();
    return {};
  });
  start(100);
  std::vector<claimed_job> many;
  for (std::uint64_t i = 1; i <= 100; ++i)
    many.push_back(job("quick", i));
  give(std::move(many));
  EXPECT_EQ(outcomes.size(), 100u);
  EXPECT_LT(batches.size(), 50u);
}

TEST_F(Attempts, GivenTimeoutWhenHandlerSpokeJustBeforeThenItsWordsStand) {
  add("test", [](job_actor* self) -> caf::behavior {
    self->delayed_send(self, 100ms, go::value);
    return {[self](go) { self->reject({"rejected", "by itself"}); }};
  });
  start();
  auto j = job("test");
  j.timeout_ms = 100;
  give({j});
  run_for(300ms);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_TRUE(outcomes[0].error.kind == "rejected" || outcomes[0].error.kind == "timeout");
  EXPECT_EQ(outcomes[0].what == attempt_outcome::kind::dead, outcomes[0].error.kind == "rejected");
}

TEST_F(Attempts, GivenHandlerThatDoublesItsMessagesWhenItFloodsItselfThenFailsWithinABound) {
  add("flood", [](job_actor* self) -> caf::behavior {
    self->send(self, go::value);
    return {[self](go) {
      self->send(self, go::value);
      self->send(self, go::value);
    }};
  });
  add("quick", [](job_actor* self) -> caf::behavior {
    self->succeed();
    return {};
  });
  start();
  client->send(runner, jobs_claimed{{job("flood", 1), job("quick", 2)}});
  run_some(1'000'000);
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0].id.lo, 2u) << "others get their turn";
  EXPECT_NE(outcomes[1].error.message.find("messages are waiting"), std::string::npos)
      << outcomes[1].error.message;
  EXPECT_EQ(live(), 0u);
}

TEST_F(Attempts, GivenHandlerThatKeepsItselfBusyWhenItsTimeIsOverThenKilled) {
  add("busy", [](job_actor* self) -> caf::behavior {
    self->send(self, go::value);
    return {[self](go) { self->send(self, go::value); }};
  });
  start();
  auto j = job("busy");
  j.timeout_ms = 500;
  client->send(runner, jobs_claimed{{j}});
  for (int i = 0; i < 100 && outcomes.empty(); ++i) {
    run_some(100);
    scheduler().advance_time(10ms);
  }
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].error.kind, "timeout");
}

TEST_F(Attempts, GivenManyRunsWhenTheyLastThenRenewedAtAThirdOfTheLease) {
  add("stay", [](job_actor*) -> caf::behavior { return {[](go) {}}; });
  start();
  give({job("stay", 1), job("stay", 2)});
  run_for(9s, 50ms);
  EXPECT_TRUE(renewed.empty());
  run_for(2s, 50ms);
  EXPECT_EQ(renewed.size(), 2u);
  run_for(40s, 50ms);
  EXPECT_GE(renewed.size(), 8u);
  EXPECT_LE(renewed.size(), 12u);
}

TEST_F(Attempts, GivenIdleRunnerWhenNothingRunsThenItSleeps) {
  add("quick", [](job_actor* self) -> caf::behavior {
    self->succeed();
    return {};
  });
  start();
  give({job("quick")});
  run_for(1s);
  auto messages = [&] { return table.actors([](auto& a) { return a.type == "job-runner"; }).at(0).messages; };
  auto before = messages();
  run_for(60s, 50ms);
  EXPECT_EQ(messages(), before);
}

TEST_F(Attempts, GivenTwoDrainsWhenAttemptsRunThenBothAreAnswered) {
  add("test", [](job_actor* self) -> caf::behavior {
    self->delayed_send(self, 1s, go::value);
    return {[self](go) { self->succeed(); }};
  });
  start();
  give({job("test")});
  int answers = 0;
  for (int i = 0; i < 2; ++i)
    sys.spawn([&, this](caf::event_based_actor* self) {
      self->request(runner, 30s, drain_runner{10s}).then([&](const drained& d) {
        ++answers;
        EXPECT_EQ(d.completed, 1u);
      });
    });
  run_for(500ms);
  EXPECT_EQ(answers, 0);
  give({job("test", 2)}); // was on its way
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].what, attempt_outcome::kind::released);
  run_for(700ms);
  EXPECT_EQ(answers, 2);
}

TEST_F(Attempts, GivenDrainWhenStoreDoesNotConfirmThenAnsweredAllTheSame) {
  confirms_stop = false;
  start();
  bool answered = false;
  sys.spawn([&, this](caf::event_based_actor* self) {
    self->request(runner, 30s, drain_runner{10s}).then([&](const drained&) { answered = true; });
  });
  run_for(1s);
  EXPECT_TRUE(answered);
}

TEST_F(Attempts, GivenDrainWhenResumedThenAnErrorAndAttemptsAreTakenAgain) {
  add("stay", [](job_actor*) -> caf::behavior { return {[](go) {}}; });
  start();
  give({job("stay")});
  std::string words;
  sys.spawn([&, this](caf::event_based_actor* self) {
    self->request(runner, 30s, drain_runner{10s})
        .then([](const drained&) {}, [&](const caf::error& e) { words = describe(e); });
  });
  run();
  client->send(runner, resume_runner{});
  run();
  EXPECT_EQ(words, "cancelled: the runner claims again");
  EXPECT_EQ(resumed, 1);
  give({job("stay", 2)});
  EXPECT_EQ(live(), 2u);
  EXPECT_TRUE(outcomes.empty());
  client->send_exit(runner, caf::exit_reason::kill);
  run();
}

TEST_F(Attempts, GivenDrainWhenTheRunnerEndsThenAnError) {
  add("stay", [](job_actor*) -> caf::behavior { return {[](go) {}}; });
  start();
  give({job("stay")});
  std::string words;
  sys.spawn([&, this](caf::event_based_actor* self) {
    self->request(runner, 30s, drain_runner{10s})
        .then([](const drained&) {}, [&](const caf::error& e) { words = describe(e); });
  });
  run();
  client->send_exit(runner, caf::exit_reason::kill);
  run();
  EXPECT_NE(words, "");
  EXPECT_EQ(live(), 0u);
}

} // namespace

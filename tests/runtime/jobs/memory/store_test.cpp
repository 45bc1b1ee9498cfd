#include "runtime/jobs/memory/store.hpp"
#include "tests/support/virtual_time.hpp"

#include <caf/all.hpp>

// What only shows when messages meet in a certain order; all else is in the conformance suite.
using namespace std::chrono_literals;
using namespace tutti::runtime;
using namespace tutti::runtime::jobs;

namespace {

struct MemoryStore : tutti::tests::VirtualTime {
  actor::actor_table table{"n"};
  std::shared_ptr<memory_state> state = std::make_shared<memory_state>(store_options{}, nullptr);
  unix_ms wall = 1800000000000;
  caf::actor store;

  void SetUp() override {
    sys.spawn([this](caf::event_based_actor* self) {
      store = spawn_memory_store(*self, {&table, "/n/store", 0, {}}, state, [this] { return wall; });
    });
    run();
    running = {store};
  }
  void TearDown() override {
    VirtualTime::TearDown();
    store = nullptr;
  }
  job_spec spec() {
    job_spec out;
    out.id = make_job_id(wall);
    out.type = "test";
    return out;
  }
  std::vector<job_spec> some(std::size_t n) {
    std::vector<job_spec> out;
    for (std::size_t i = 0; i < n; ++i)
      out.push_back(spec());
    return out;
  }
};

TEST_F(MemoryStore, GivenOutcomeThatWaitsWhenItsWorkersEndOvertakesItThenItCounts) {
  auto claims = std::make_shared<std::vector<claimed_job>>();
  auto worker = sys.spawn([claims](caf::event_based_actor*) -> caf::behavior {
    return {[claims](jobs_claimed& c) { *claims = std::move(c.jobs); }};
  });
  caf::send_as(worker, store, attach_worker{"w", 1});
  client->send(store, submit_jobs{1, some(1)});
  run();
  ASSERT_EQ(claims->size(), 1u);
  attempt_outcome done;
  done.id = claims->at(0).id;
  done.token = claims->at(0).token;
  caf::send_as(worker, store, finish_attempts{{done}});
  client->send_exit(worker, caf::exit_reason::kill);
  scheduler().try_run_once_lifo(); // the worker ends before the store has looked
  run();
  EXPECT_EQ(state->jobs.find(done.id)->status, job_status::succeeded);
}

TEST_F(MemoryStore, GivenSteadySubmissionsWhenAQueueIsPurgedThenThePurgeEnds) {
  client->send(store, submit_jobs{1, some(12000)});
  run();
  auto answer = client->request(store, 60s, purge_queue{"default"});
  scheduler().run(1);
  for (int i = 0; i < 100; ++i) {
    ++wall;
    client->send(store, submit_jobs{2, some(1)});
    scheduler().run(2);
  }
  run();
  auto left = state->jobs.unfinished();
  answer.receive([](std::uint64_t n) { EXPECT_EQ(n, 12000u); },
                 [](const caf::error& e) { FAIL() << describe(e); });
  EXPECT_GE(left, 90u) << "what came later stays";
}

TEST_F(MemoryStore, GivenPurgeUnderWayWhenTheStoreEndsThenAnError) {
  client->send(store, submit_jobs{1, some(12000)});
  run();
  auto answer = client->request(store, 60s, purge_queue{"default"});
  scheduler().run(1);
  client->send_exit(store, caf::exit_reason::kill);
  run();
  std::string words;
  answer.receive([](std::uint64_t) {}, [&](const caf::error& e) { words = describe(e); });
  EXPECT_EQ(words, "unavailable: the job store ended");
}

TEST_F(MemoryStore, GivenManyJobsWhenTheyComeAtOnceThenTimersDoNotPileUp) {
  client->send(store, attach_worker{"w", 1});
  for (int i = 0; i < 1000; ++i)
    client->send(store, submit_jobs{1, some(1)});
  run();
  EXPECT_LE(scheduler().clock().schedule().size(), 5u);
}

} // namespace

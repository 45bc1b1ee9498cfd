#include "runtime/actor/supervisor.hpp"
#include "runtime/jobs/memory/store.hpp"
#include "runtime/jobs/runner.hpp"
#include "tests/docs/beats_job.hpp"
#include "tests/support/virtual_time.hpp"

#include <caf/all.hpp>

using namespace std::chrono_literals;
using namespace tutti::runtime;
using namespace tutti::runtime::jobs;

namespace {

/// A memory store and a runner under a supervisor, as in a node, on a clock that only run_for() moves.
struct BeatsJob : tutti::tests::VirtualTime {
  actor::actor_table table{"n"};
  std::shared_ptr<job_types> types = std::make_shared<job_types>();
  std::shared_ptr<memory_state> memory = std::make_shared<memory_state>(store_options{}, nullptr);
  caf::actor store, root;

  void SetUp() override {
    types->add(tutti::actors::sample::beats_job());
    actor::child_spec store_spec{"store", [this](auto* parent, actor::placement at) {
                                   return store = spawn_memory_store(*parent, std::move(at), memory,
                                                                     [this] { return now(); });
                                 }};
    actor::child_spec runner_spec{"runner", [this](auto* parent, actor::placement at) {
                                    return spawn_runner(*parent, std::move(at), store, types, {});
                                  }};
    root = actor::spawn_supervisor(sys, {&table, "/n", 0, {}}, {store_spec, runner_spec}, {});
    run();
  }
  void TearDown() override { // a supervisor stops its children, unless it is killed
    client->send_exit(root, caf::exit_reason::user_shutdown);
    run_for(5s);
  }

  unix_ms now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(sys.clock().now().time_since_epoch())
        .count();
  }
  std::variant<job_spec, job_types::refusal> make(std::string payload) {
    job_request request;
    request.type = "sample.beats";
    request.payload = std::move(payload);
    return types->make_spec(std::move(request), now());
  }
  job_id submit(std::string payload) {
    auto spec = std::get<job_spec>(make(std::move(payload)));
    auto id = spec.id;
    client->send(store, submit_jobs{1, {std::move(spec)}});
    run();
    return id;
  }
  job_view get(job_id id) {
    job_view out;
    auto answer = client->request(store, 1s, get_job{id});
    run();
    answer.receive([&](job_view& job) { out = std::move(job); },
                   [](const caf::error& why) { FAIL() << describe(why); });
    return out;
  }
};

TEST_F(BeatsJob, GivenPaceWhenTimePassesThenReportsProgressAndSucceeds) {
  auto id = submit(R"({"bpm": 120, "beats": 4})");
  run_for(1s);
  EXPECT_EQ(get(id).status, job_status::running);
  EXPECT_EQ(get(id).progress, R"({"beats":2})");
  run_for(1s);
  EXPECT_EQ(get(id).status, job_status::succeeded);
  EXPECT_EQ(get(id).result, R"({"ms":2000})");
}

TEST_F(BeatsJob, GivenTooManyBeatsWhenRunThenDeadWithoutRetry) {
  auto job = get(submit(R"({"bpm": 20, "beats": 10000})"));
  EXPECT_EQ(job.status, job_status::dead);
  EXPECT_EQ(job.attempt, 1u);
  EXPECT_EQ(job.error.kind, "too-long");
}

TEST_F(BeatsJob, GivenWrongPayloadWhenSubmittedThenRefusedWithPointer) {
  auto refused = std::get<job_types::refusal>(make(R"({"bpm": 5, "beats": 4})"));
  EXPECT_EQ(refused.pointer, "/payload/bpm");
}

} // namespace

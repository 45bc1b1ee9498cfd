#include "actors/diag/diag_jobs.hpp"
#include "runtime/actor/supervisor.hpp"
#include "runtime/jobs/memory/store.hpp"
#include "runtime/jobs/runner.hpp"
#include "tests/support/virtual_time.hpp"

#include <caf/all.hpp>
#include <malloc.h>

using namespace std::chrono_literals;
using namespace tutti::runtime;
using namespace tutti::runtime::jobs;
namespace diag = tutti::actors::diag;

namespace {

/// The diag types on a store and a runner below supervisors that allow no restart at all.
struct DiagJobs : tutti::tests::VirtualTime {
  actor::actor_table table{"n"};
  std::shared_ptr<job_types> types = std::make_shared<job_types>();
  std::shared_ptr<memory_state> state = std::make_shared<memory_state>(store_options{}, nullptr);
  caf::actor store, top;

  void SetUp() override {
    for (auto make : {diag::echo_job, diag::sleep_job, diag::fail_job, diag::crash_job})
      types->add(make());
    actor::child_spec stored, run_jobs;
    stored.name = "jobs";
    stored.start = [this](caf::event_based_actor* parent, actor::placement at) {
      return store = spawn_memory_store(*parent, std::move(at), state, [this] { return now(); });
    };
    run_jobs.name = "runner";
    run_jobs.start = [this](caf::event_based_actor* parent, actor::placement at) {
      return spawn_runner(*parent, std::move(at), store, types, {64, 30s, 1s});
    };
    top = actor::spawn_supervisor(sys, {&table, "/n", 0, {}}, {stored, run_jobs},
                                  {.how = actor::strategy::rest_for_one, .max_restarts = 0});
    running = {top};
    run();
  }
  void TearDown() override {
    client->send_exit(top, caf::exit_reason::user_shutdown);
    run_for(1s);
    VirtualTime::TearDown();
    store = top = nullptr;
  }
  unix_ms now() {
    using namespace std::chrono;
    return 1800000000000 + duration_cast<milliseconds>(scheduler().clock().now().time_since_epoch()).count();
  }
  job_spec spec(std::string type, std::string payload, std::uint32_t attempts = 5) {
    job_request r;
    r.type = std::move(type);
    r.payload = std::move(payload);
    r.max_attempts = attempts;
    auto made = types->make_spec(std::move(r), now());
    EXPECT_TRUE(std::holds_alternative<job_spec>(made));
    return std::get<job_spec>(std::move(made));
  }
  job_id submit(std::string type, std::string payload, std::uint32_t attempts = 5) {
    auto s = spec(std::move(type), std::move(payload), attempts);
    auto id = s.id;
    std::vector<job_spec> one{std::move(s)};
    client->send(store, submit_jobs{1, std::move(one)});
    run();
    return id;
  }
  job_view view(job_id id) { return state->jobs.find(id).value(); }
  bool accepts(std::string type, std::string payload) {
    job_request r;
    r.type = std::move(type);
    r.payload = std::move(payload);
    return std::holds_alternative<job_spec>(types->make_spec(std::move(r), now()));
  }
};

TEST_F(DiagJobs, GivenEchoWhenRunThenPayloadIsTheResult) {
  for (std::string payload : {R"({"a":[1,{"b":null}]})", "[]", "7", R"("text")", "null"}) {
    auto id = submit("diag.echo", payload);
    EXPECT_EQ(view(id).status, job_status::succeeded);
    EXPECT_EQ(view(id).result, payload);
  }
}

TEST_F(DiagJobs, GivenSleepWhenRunThenTakesItsTimeWithProgress) {
  auto id = submit("diag.sleep", R"({"ms":1200})");
  run_for(600ms);
  EXPECT_EQ(view(id).status, job_status::running);
  EXPECT_EQ(view(id).progress, R"({"percent":41})");
  run_for(590ms);
  EXPECT_EQ(view(id).status, job_status::running);
  run_for(20ms);
  EXPECT_EQ(view(id).status, job_status::succeeded);
  EXPECT_EQ(view(id).result, R"({"slept":1200})");
}

TEST_F(DiagJobs, GivenSleepOfNothingWhenRunThenSucceedsAtOnce) {
  EXPECT_EQ(view(submit("diag.sleep", R"({"ms":0})")).status, job_status::succeeded);
}

TEST_F(DiagJobs, GivenSleepWhenCancelledThenEndsAtOnce) {
  auto id = submit("diag.sleep", R"({"ms":60000})");
  client->send(store, cancel_job{id});
  run();
  EXPECT_EQ(view(id).status, job_status::cancelled);
}

TEST_F(DiagJobs, GivenFailWhenRunThenFailsSoManyTimesAndSucceeds) {
  auto id = submit("diag.fail", R"({"times":3})");
  run_for(20s, 50ms);
  EXPECT_EQ(view(id).status, job_status::succeeded);
  EXPECT_EQ(view(id).result, R"({"failed":3})");
  EXPECT_EQ(view(id).attempt, 4u);
  EXPECT_EQ(view(submit("diag.fail", R"({"times":0})")).status, job_status::succeeded);
  auto dead = submit("diag.fail", R"({"times":9})", 2);
  run_for(20s, 50ms);
  EXPECT_EQ(view(dead).status, job_status::dead);
  EXPECT_EQ(view(dead).error.message, "attempt 2 of 9 that fail");
}

TEST_F(DiagJobs, GivenCrashWhenRunThenADeadLetterWithTheWords) {
  auto id = submit("diag.crash", "{}", 2);
  run_for(10s, 50ms);
  EXPECT_EQ(view(id).status, job_status::dead);
  EXPECT_EQ(view(id).error.kind, "failed");
  EXPECT_EQ(view(id).error.message, "diag.crash was asked to throw");
}

TEST_F(DiagJobs, GivenBadPayloadsWhenSubmittedThenRefused) {
  EXPECT_TRUE(accepts("diag.sleep", R"({"ms":86400000})"));
  EXPECT_FALSE(accepts("diag.sleep", R"({"ms":86400001})"));
  EXPECT_FALSE(accepts("diag.sleep", R"({"ms":-1})"));
  EXPECT_FALSE(accepts("diag.sleep", R"({"ms":1.5})"));
  EXPECT_FALSE(accepts("diag.sleep", R"({"ms":1e3})")) << "the handler reads it as an integer";
  EXPECT_FALSE(accepts("diag.sleep", "{}"));
  EXPECT_FALSE(accepts("diag.sleep", R"({"ms":1,"x":1})"));
  EXPECT_FALSE(accepts("diag.fail", R"({"times":"3"})"));
  EXPECT_FALSE(accepts("diag.fail", R"({"times":1001})"));
  EXPECT_FALSE(accepts("diag.crash", R"({"x":1})"));
  EXPECT_FALSE(accepts("diag.crash", "[]"));
  EXPECT_FALSE(accepts("diag.echo", "{"));
}

TEST_F(DiagJobs, GivenTenThousandCrashesWhenTheyAreOverThenNothingElseHasChanged) {
  std::vector<job_id> ids;
  for (int i = 0; i < 100; ++i)
    ids.push_back(submit("diag.crash", "{}", 100));
  std::size_t actors_before = 0, heap_before = 0;
  auto attempts = [&] {
    std::uint64_t sum = 0;
    for (auto id : ids)
      sum += view(id).attempt;
    return sum;
  };
  for (int i = 0; i < 2000 && attempts() < 10000; ++i) {
    run_for(1s, 50ms);
    if (heap_before == 0 && attempts() > 3000) {
      actors_before = table.actors([](auto&) { return true; }).size();
      heap_before = ::mallinfo2().uordblks; // histories are full
    }
  }
  EXPECT_EQ(attempts(), 10000u);
  auto live = table.actors([](auto&) { return true; });
  EXPECT_LE(live.size(), actors_before + 1);
  EXPECT_EQ(live.size(), 3u) << "supervisor, store, runner";
  EXPECT_LT(::mallinfo2().uordblks, heap_before + 1024 * 1024);
  for (auto& report : table.supervisors())
    for (auto& child : report.children) {
      EXPECT_EQ(child.restarts, 0u) << child.name;
      EXPECT_EQ(child.state, "running") << child.name;
    }
  auto id = submit("diag.echo", "1");
  EXPECT_EQ(view(id).status, job_status::succeeded);
}

} // namespace

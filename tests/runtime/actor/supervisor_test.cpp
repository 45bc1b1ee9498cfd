#include "runtime/actor/supervisor.hpp"
#include "tests/support/virtual_time.hpp"

#include <map>

#include <caf/all.hpp>

using namespace std::chrono_literals;
using namespace tutti::runtime;
using namespace tutti::runtime::actor;

namespace {

using crash = caf::atom_constant<caf::atom("crash")>;
using leave = caf::atom_constant<caf::atom("leave")>;

struct child_state {
  static constexpr const char* name = "child";
  child_state() = default;
};

struct Supervisor : tutti::tests::VirtualTime {
  actor_table table{"n"};
  std::map<std::string, caf::actor> current;
  std::vector<std::string> log; // "+a" started, "-a" ended
  caf::actor top;
  caf::error top_ended;
  bool top_down = false;

  child_spec child(const std::string& name, restart policy = restart::permanent, bool stubborn = false) {
    child_spec spec;
    spec.name = name;
    spec.policy = policy;
    spec.start = [this, name, stubborn](caf::event_based_actor* parent, placement at) {
      log.push_back("+" + name);
      auto run_child = [this, name, stubborn](stateful<child_state>* self) -> caf::behavior {
        self->attach_functor([this, name](const caf::error&) { log.push_back("-" + name); });
        if (stubborn)
          self->set_exit_handler([](caf::exit_msg&) {});
        return {[](crash) { throw std::runtime_error("boom"); }, [self](leave) { self->quit(); }};
      };
      return current[name] = spawn_stateful<child_state>(*parent, std::move(at), 0, run_child);
    };
    return spec;
  }
  void start(std::vector<child_spec> children, supervision options) {
    top = spawn_supervisor(sys, {&table, "/n", 0, {}}, std::move(children), options);
    running.push_back(top);
    top->attach_functor([this](const caf::error& why) {
      top_ended = why;
      top_down = true;
    });
    run();
    log.clear();
  }
  template <class Verb>
  void tell(const std::string& name, Verb verb) {
    client->send(current.at(name), verb);
    run();
  }
  void crash_and_wait(const std::string& name) {
    tell(name, crash::value);
    run_for(6s);
  }
  void TearDown() override {
    VirtualTime::TearDown();
    for (auto& [name, a] : current)
      client->send_exit(a, caf::exit_reason::kill);
    run();
    current.clear();
  }
};

TEST_F(Supervisor, GivenOneForOneWhenChildCrashesThenOnlyItRestarts) {
  start({child("a"), child("b"), child("c")}, {});
  crash_and_wait("b");
  EXPECT_EQ(log, (std::vector<std::string>{"-b", "+b"}));
}

TEST_F(Supervisor, GivenOneForAllWhenChildCrashesThenAllRestartInOrder) {
  start({child("a"), child("b"), child("c")}, {.how = strategy::one_for_all});
  crash_and_wait("b");
  ASSERT_EQ(log.size(), 6u);
  EXPECT_EQ(std::vector<std::string>(log.end() - 3, log.end()), (std::vector<std::string>{"+a", "+b", "+c"}));
}

TEST_F(Supervisor, GivenRestForOneWhenChildCrashesThenLaterOnesRestartToo) {
  start({child("a"), child("b"), child("c")}, {.how = strategy::rest_for_one});
  crash_and_wait("b");
  EXPECT_EQ(log, (std::vector<std::string>{"-b", "-c", "+b", "+c"}));
}

TEST_F(Supervisor, GivenCrashWhenWithinBackoffThenNotYetRestarted) {
  start({child("a")}, {.backoff_min = 1000ms, .backoff_max = 8000ms});
  tell("a", crash::value);
  run_for(490ms);
  EXPECT_EQ(log, (std::vector<std::string>{"-a"}));
  run_for(520ms);
  EXPECT_EQ(log, (std::vector<std::string>{"-a", "+a"}));
}

TEST_F(Supervisor, GivenTransientWhenEndsWellThenStaysDown) {
  start({child("a", restart::transient)}, {});
  tell("a", leave::value);
  run_for(6s);
  EXPECT_EQ(log, (std::vector<std::string>{"-a"}));
  EXPECT_EQ(table.supervisors().at(0).children.at(0).state, "stopped");
}

TEST_F(Supervisor, GivenTransientWhenCrashesThenRestarts) {
  start({child("a", restart::transient)}, {});
  crash_and_wait("a");
  EXPECT_EQ(log, (std::vector<std::string>{"-a", "+a"}));
}

TEST_F(Supervisor, GivenTemporaryWhenCrashesThenStaysDownAndCountsNothing) {
  start({child("a", restart::temporary)}, {.max_restarts = 0});
  crash_and_wait("a");
  EXPECT_EQ(log, (std::vector<std::string>{"-a"}));
  EXPECT_FALSE(top_down);
}

TEST_F(Supervisor, GivenPermanentWhenEndsWellThenRestarts) {
  start({child("a")}, {});
  tell("a", leave::value);
  run_for(6s);
  EXPECT_EQ(log, (std::vector<std::string>{"-a", "+a"}));
}

TEST_F(Supervisor, GivenCrashStormWhenBeyondIntensityThenStopsSiblingsAndEscalates) {
  start({child("a"), child("b")}, {.max_restarts = 2, .window = 60s});
  crash_and_wait("a");
  crash_and_wait("a");
  EXPECT_FALSE(top_down);
  log.clear();
  crash_and_wait("a");
  EXPECT_TRUE(top_down);
  EXPECT_EQ(log, (std::vector<std::string>{"-a", "-b"}));
  EXPECT_NE(describe(top_ended).find("more than 2 restarts"), std::string::npos) << describe(top_ended);
  EXPECT_NE(describe(top_ended).find("boom"), std::string::npos) << describe(top_ended);
}

TEST_F(Supervisor, GivenSlowCrashesWhenOutsideWindowThenNeverEscalates) {
  start({child("a")}, {.max_restarts = 2, .window = 10s});
  for (int i = 0; i < 6; ++i) {
    crash_and_wait("a");
    run_for(10s);
  }
  EXPECT_FALSE(top_down);
  EXPECT_EQ(table.supervisors().at(0).children.at(0).restarts, 6u);
  EXPECT_EQ(table.supervisors().at(0).children.at(0).last_error, "failed: boom");
}

TEST_F(Supervisor, GivenNestedWhenInnerEscalatesThenOuterRestartsIt) {
  start({supervisor_spec("inner", {child("a")}, {.max_restarts = 0})}, {});
  crash_and_wait("a");
  EXPECT_EQ(log, (std::vector<std::string>{"-a", "+a"}));
  EXPECT_FALSE(top_down);
  auto reports = table.supervisors();
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].children.at(0).restarts, 1u);
  EXPECT_EQ(reports[1].path, "/n/inner");
}

TEST_F(Supervisor, GivenSupervisorAmongChildrenWhenStartedThenLaterSiblingsWaitForItsChildren) {
  top = spawn_supervisor(
      sys, {&table, "/n", 0, {}},
      {supervisor_spec("inner", {supervisor_spec("innermost", {child("a")}, {})}, {}), child("b")}, {});
  running.push_back(top);
  run();
  EXPECT_EQ(log, (std::vector<std::string>{"+a", "+b"}));
}

TEST_F(Supervisor, GivenRestForOneOverSupervisorsWhenAnInnerOneFailsThenRestartsInOrder) {
  start({supervisor_spec("one", {child("a")}, {.max_restarts = 0}), supervisor_spec("two", {child("b")}, {}),
         child("c")},
        {.how = strategy::rest_for_one});
  crash_and_wait("a");
  EXPECT_EQ(log, (std::vector<std::string>{"-a", "-c", "-b", "+a", "+b", "+c"}));
}

TEST_F(Supervisor, GivenInnerStartThatThrowsWhenItSucceedsLaterThenSiblingsStartAfterIt) {
  int tries = 0;
  auto spec = child("a");
  spec.start = [&tries, inner = spec.start](caf::event_based_actor* parent, placement at) {
    if (++tries < 3)
      throw std::runtime_error("no luck");
    return inner(parent, std::move(at));
  };
  start({supervisor_spec("inner", {spec}, {}), child("b")}, {});
  run_for(6s);
  EXPECT_EQ(log, (std::vector<std::string>{"+a", "+b"}));
}

TEST_F(Supervisor, GivenStopWhenChildrenRunThenEndsThemInReverseOrder) {
  start({child("a"), child("b"), child("c")}, {});
  client->send_exit(top, caf::exit_reason::user_shutdown);
  run_for(1s);
  EXPECT_EQ(log, (std::vector<std::string>{"-c", "-b", "-a"}));
  EXPECT_TRUE(top_down);
  EXPECT_TRUE(table.supervisors().empty());
}

TEST_F(Supervisor, GivenStubbornChildWhenGraceIsOverThenKilled) {
  start({child("a"), child("b", restart::permanent, true)}, {});
  client->send_exit(top, caf::exit_reason::user_shutdown);
  run_for(1900ms);
  EXPECT_TRUE(log.empty());
  run_for(200ms);
  EXPECT_EQ(log, (std::vector<std::string>{"-b", "-a"}));
}

TEST_F(Supervisor, GivenStartThatThrowsWhenRetriedThenStartsLater) {
  int tries = 0;
  auto spec = child("a");
  spec.start = [&tries, inner = spec.start](caf::event_based_actor* parent, placement at) {
    if (++tries < 3)
      throw std::runtime_error("no luck");
    return inner(parent, std::move(at));
  };
  start({spec}, {});
  run_for(6s);
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(log, (std::vector<std::string>{"+a"}));
}

} // namespace

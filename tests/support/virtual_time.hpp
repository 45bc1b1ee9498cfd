#pragma once
#include <chrono>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

namespace tutti::tests {

/// A fixture whose actors run only when told to, on a clock that only `run_for` moves.
struct VirtualTime : testing::Test {
  struct config : caf::actor_system_config {
    config() { set("scheduler.policy", caf::atom("testing")); }
  };
  config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor client{sys};
  std::vector<caf::actor>
      running; ///< ended by TearDown: a timer that re-arms itself keeps the clock busy for ever

  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler());
  }
  void run() { scheduler().run(); }
  /// Step by step, so that timers set on the way fire in order.
  void run_for(std::chrono::nanoseconds duration,
               std::chrono::nanoseconds step = std::chrono::milliseconds{10}) {
    run();
    for (auto left = duration; left.count() > 0; left -= step) {
      scheduler().advance_time(std::min(step, left));
      run();
    }
  }
  void TearDown() override {
    for (auto& a : running)
      client->send_exit(a, caf::exit_reason::kill);
    run();
  }
};

} // namespace tutti::tests

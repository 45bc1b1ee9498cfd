#include "runtime/jobs/memory/store.hpp"
#include "runtime/wall_clock.hpp"
#include "tests/runtime/jobs/conformance/job_store.hpp"
#include "tests/runtime/jobs/conformance/real_time_world.hpp"

#include <algorithm>
#include <cstdlib>

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

namespace tutti::tests::conformance {
namespace {

/// The memory provider under virtual time: nothing runs and no time passes but by settle() and pass().
class memory_world final : public world {
public:
  memory_world(const store_options& options, job_observer* observer)
      : state_(std::make_shared<memory_state>(options, observer)) {}

  ~memory_world() override {
    for (auto& s : stores_)
      caf::anon_send_exit(s, caf::exit_reason::kill);
    stores_.clear();
    settle();
  }

  caf::actor_system& system() override { return sys_; }

  caf::actor start_store() override {
    auto wall = [this] { return now(); };
    sys_.spawn([this, wall](caf::event_based_actor* self) {
      stores_.push_back(spawn_memory_store(*self, {&table_, "/n/store", 0, {}}, state_, wall));
    });
    settle();
    return stores_.back();
  }

  unix_ms now() override {
    using std::chrono::duration_cast;
    return epoch_ + duration_cast<milliseconds>(clock().now().time_since_epoch()).count();
  }

  void settle() override { scheduler().run(); }

  /// From timer to timer, so that days pass quickly and everything fires in its order.
  void pass(std::chrono::microseconds duration) override {
    settle();
    auto until = clock().now() + duration;
    while (clock().now() < until) {
      auto& timers = clock().schedule();
      auto next = timers.empty() ? until : std::min(until, timers.begin()->first);
      scheduler().advance_time(std::max(next - clock().now(), caf::actor_clock::duration_type{0}));
      settle();
    }
  }

  bool evicts_early() const override { return true; }
  milliseconds slack() const override { return milliseconds{250}; }

  bool step_wall_clock(milliseconds by) override {
    epoch_ += by.count();
    return true;
  }

private:
  struct config : caf::actor_system_config {
    config() { set("scheduler.policy", caf::atom("testing")); }
  };
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(sys_.scheduler());
  }
  caf::detail::test_actor_clock& clock() { return scheduler().clock(); }

  unix_ms epoch_ = 1800000000000; // 2027-01-15T08:00:00Z
  runtime::actor::actor_table table_{"n"};
  std::shared_ptr<memory_state> state_;
  config config_;
  caf::actor_system sys_{config_};
  std::vector<caf::actor> stores_;
};

/// The same on threads and in real time, as other providers run: races show, and that the suite suits them.
class threaded_world final : public real_time_world {
public:
  threaded_world(const store_options& options, job_observer* observer)
      : state_(std::make_shared<memory_state>(options, observer)) {}
  ~threaded_world() override { end_stores(); }

  caf::actor start_store() override {
    return start([this](auto& parent, auto at) {
      return spawn_memory_store(parent, std::move(at), state_, runtime::wall_now);
    });
  }
  bool evicts_early() const override { return true; }

private:
  std::shared_ptr<memory_state> state_;
};

/// TUTTI_REAL_TIME=1 takes minutes rather than seconds, so it is not for every run.
provider memory() {
  return std::getenv("TUTTI_REAL_TIME") ? provided_by<threaded_world>("memory-on-threads")
                                        : provided_by<memory_world>("memory");
}

INSTANTIATE_TEST_SUITE_P(Memory, JobStore, testing::Values(memory()));

} // namespace
} // namespace tutti::tests::conformance

#include "runtime/cluster/leases/memory/store.hpp"
#include "tests/runtime/cluster/leases/conformance/lease_store.hpp"
#include "tests/runtime/cluster/leases/virtual_clock.hpp"

#include <algorithm>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>

namespace tutti::tests::leases {
namespace {

/// The memory provider under virtual time.
class memory_world final : public world {
public:
  explicit memory_world(lease_store_options options)
      : book_(std::make_shared<memory::lease_book>(options.ttl)) {}
  ~memory_world() override { settle(); }

  caf::actor_system& system() override { return sys_; }

  caf::actor start_store() override {
    caf::actor out;
    sys_.spawn([&](caf::event_based_actor* self) {
      out = spawn_memory_lease_store(*self, {&table_, "/n/leases", 0, {}}, book_, [this] { return now(); });
    });
    settle();
    return out;
  }

  void settle() override { scheduler().run(); }
  void pass(microseconds duration) override {
    settle();
    auto& clock = scheduler().clock();
    for (auto until = clock.now() + duration; clock.now() < until; settle()) {
      auto& timers = clock.schedule();
      auto next = timers.empty() ? until : std::min(until, timers.begin()->first);
      scheduler().advance_time(std::max(next - clock.now(), caf::actor_clock::duration_type{0}));
    }
  }
  std::shared_ptr<const lease_clock> clock() override { return std::make_shared<virtual_clock>(sys_); }

private:
  struct config : caf::actor_system_config {
    config() { set("scheduler.policy", caf::atom("testing")); }
  };
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(sys_.scheduler());
  }
  microseconds now() {
    auto passed = scheduler().clock().now().time_since_epoch();
    return microseconds{1'800'000'000'000'000} + std::chrono::duration_cast<microseconds>(passed);
  }

  runtime::actor::actor_table table_{"n"};
  std::shared_ptr<memory::lease_book> book_;
  config config_;
  caf::actor_system sys_{config_};
};

INSTANTIATE_TEST_SUITE_P(Memory, LeaseStore,
                         testing::Values(provider{"memory", 5s, [](lease_store_options options) {
                                                    return std::make_unique<memory_world>(options);
                                                  }}));

} // namespace
} // namespace tutti::tests::leases

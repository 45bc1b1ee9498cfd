#pragma once
#include "runtime/cluster/leases/held_lease.hpp"

#include <chrono>

#include <caf/actor_system.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

namespace tutti::tests::leases {

/// The actor clock as a lease clock; `frozen` is what it has run ahead, as after a stop of the process.
class virtual_clock final : public runtime::cluster::lease_clock {
public:
  explicit virtual_clock(caf::actor_system& sys) : sys_(sys) {}
  std::chrono::nanoseconds now() const noexcept override {
    return std::chrono::hours{1} + sys_.scheduler().clock().now().time_since_epoch() + frozen;
  }

  std::chrono::nanoseconds frozen{0};

private:
  caf::actor_system& sys_;
};

} // namespace tutti::tests::leases

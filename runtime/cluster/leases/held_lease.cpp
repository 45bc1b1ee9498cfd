#include "runtime/cluster/leases/held_lease.hpp"

#include <time.h>

namespace tutti::runtime::cluster {

std::chrono::nanoseconds lease_clock::now() const noexcept {
  timespec t{};
  ::clock_gettime(CLOCK_BOOTTIME, &t);
  return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

std::shared_ptr<const lease_clock> lease_clock::boot() {
  return std::make_shared<lease_clock>();
}

void held_lease::extend(time until) noexcept {
  auto old = until_.load(std::memory_order_relaxed);
  if (old == dropped || old >= until.count() || clock_->now().count() >= old)
    return;
  bool taken = until_.compare_exchange_strong(old, until.count(), std::memory_order_release,
                                              std::memory_order_relaxed);
  if (taken && clock_->now().count() >= old) // it ran out just now, and may have been seen so
    drop();
}

} // namespace tutti::runtime::cluster

#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace tutti::runtime::cluster {

/// CLOCK_BOOTTIME: never set, and goes on while the process or the machine is stopped. Virtual for tests.
class lease_clock {
public:
  virtual ~lease_clock() = default;
  virtual std::chrono::nanoseconds now() const noexcept;

  /// The one of this machine.
  static std::shared_ptr<const lease_clock> boot();
};

/// One grant of a lease, as its holder sees it. The atomic is the truth, also for a process that was frozen
/// and does not know it yet: ask holds() before each dispatch, reply and outside call. It costs a clock
/// reading without a system call, and a load.
class held_lease {
public:
  using time = std::chrono::nanoseconds; ///< of the clock

  held_lease(std::string name, std::uint64_t epoch, time until, std::shared_ptr<const lease_clock> clock)
      : name_(std::move(name)), epoch_(epoch), until_(until.count()), clock_(std::move(clock)) {}

  bool holds() const noexcept { return clock_->now().count() < until_.load(std::memory_order_acquire); }
  /// How long it still holds without a renewal; not positive when it does not.
  time left() const noexcept { return time{until_.load(std::memory_order_acquire)} - clock_->now(); }
  const std::string& name() const noexcept { return name_; }
  std::uint64_t epoch() const noexcept { return epoch_; }

  /// When the store confirms what was sent at `sent`, until when that is good: the store's own time for it
  /// begins later, and the rest is for what is under way when it ends.
  static constexpr time deadline(time sent, std::chrono::milliseconds ttl) noexcept {
    return sent + time{ttl} / 5 * 4;
  }

  /// By the keeper. Never makes it shorter; what was dropped or has run out stays so.
  void extend(time until) noexcept;
  /// By the keeper: lost or given back, for good.
  void drop() noexcept { until_.store(dropped, std::memory_order_release); }

private:
  static constexpr time::rep dropped = 0;

  const std::string name_;
  const std::uint64_t epoch_;
  std::atomic<time::rep> until_;
  const std::shared_ptr<const lease_clock> clock_;
};

} // namespace tutti::runtime::cluster

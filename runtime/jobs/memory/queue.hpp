#pragma once
#include "runtime/jobs/memory/record.hpp"
#include "runtime/jobs/store.hpp"
#include "runtime/jobs/store_options.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace tutti::runtime::jobs::memory {

/// Events per second over the last minute, in ten-second slots.
class rate_meter {
public:
  void add(unix_ms now) noexcept { slot(now).count++; }
  double per_second(unix_ms now) const noexcept;

private:
  struct counted {
    unix_ms period = 0;
    std::uint64_t count = 0;
  };
  counted& slot(unix_ms now) noexcept;
  std::array<counted, 7> slots_{};
};

/// The runnable jobs of one queue. Priorities age: a job counts as if it had come `ageing` later for each
/// level below high, so nothing starves and picking costs three comparisons.
class queue {
public:
  queue(std::string name, queue_limits limits)
      : name(std::move(name)), limits(limits), tokens_(limits.burst) {}

  const std::string name;
  const queue_limits limits;
  bool paused = false;
  std::uint32_t running = 0;
  std::uint64_t depth[priority_count][job_status_count] = {};
  rate_meter submitted, finished;

  void push(record& r) noexcept { ready_[static_cast<std::size_t>(r.priority)].push_back(r); }
  void remove(record& r) noexcept { ready_[static_cast<std::size_t>(r.priority)].remove(r); }
  bool empty() const noexcept;
  /// Takes the next job, or nothing when the queue is paused, empty or at its limits.
  record* take(unix_ms now, unix_ms ageing_ms) noexcept;
  /// When the rate allows the next start; nothing unless jobs wait for it.
  std::optional<unix_ms> next_start(unix_ms now) const noexcept;
  /// Since when the oldest runnable job waits; 0: none.
  unix_ms oldest() const noexcept;

private:
  void refill(unix_ms now) noexcept;

  record_list ready_[priority_count];
  double tokens_;
  unix_ms refilled_at_ = 0;
};

} // namespace tutti::runtime::jobs::memory

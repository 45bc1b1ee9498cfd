#include "runtime/jobs/memory/queue.hpp"

#include <algorithm>
#include <cmath>

namespace tutti::runtime::jobs::memory {
namespace {

constexpr unix_ms slot_ms = 10000;

} // namespace

rate_meter::counted& rate_meter::slot(unix_ms now) noexcept {
  auto period = now / slot_ms;
  auto& s = slots_[static_cast<std::size_t>(period) % slots_.size()];
  if (s.period != period)
    s = {period, 0};
  return s;
}

double rate_meter::per_second(unix_ms now) const noexcept {
  auto period = now / slot_ms;
  std::uint64_t sum = 0;
  for (auto& s : slots_)
    if (s.period > period - static_cast<unix_ms>(slots_.size()) && s.period <= period)
      sum += s.count;
  auto seconds = static_cast<double>((slots_.size() - 1) * slot_ms + now % slot_ms) / 1000.0;
  return static_cast<double>(sum) / seconds;
}

bool queue::empty() const noexcept {
  return std::all_of(std::begin(ready_), std::end(ready_), [](auto& list) { return list.empty(); });
}

void queue::refill(unix_ms now) noexcept {
  if (now > refilled_at_) {
    tokens_ = std::min(std::max(limits.burst, 1.0),
                       tokens_ + static_cast<double>(now - refilled_at_) * limits.rate / 1000.0);
  }
  refilled_at_ = now; // also when the clock has stepped back
}

record* queue::take(unix_ms now, unix_ms ageing_ms) noexcept {
  if (paused || (limits.concurrency != 0 && running >= limits.concurrency))
    return nullptr;
  record_list* best = nullptr;
  unix_ms best_rank = 0;
  for (std::size_t level = 0; level < priority_count; ++level) {
    if (ready_[level].empty())
      continue;
    auto rank = ready_[level].front()->due_at + static_cast<unix_ms>(level) * ageing_ms;
    if (!best || rank < best_rank) {
      best = &ready_[level];
      best_rank = rank;
    }
  }
  if (!best)
    return nullptr;
  if (limits.rate > 0) {
    refill(now);
    if (tokens_ < 1)
      return nullptr;
    tokens_ -= 1;
  }
  return best->pop_front();
}

std::optional<unix_ms> queue::next_start(unix_ms now) const noexcept {
  if (limits.rate <= 0 || tokens_ >= 1 || paused || empty()
      || (limits.concurrency != 0 && running >= limits.concurrency))
    return std::nullopt;
  return now + static_cast<unix_ms>(std::ceil((1 - tokens_) * 1000.0 / limits.rate));
}

unix_ms queue::oldest() const noexcept {
  unix_ms oldest = 0;
  for (auto& list : ready_)
    if (!list.empty() && (oldest == 0 || list.front()->due_at < oldest))
      oldest = list.front()->due_at;
  return oldest;
}

} // namespace tutti::runtime::jobs::memory

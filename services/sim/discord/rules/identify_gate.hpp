#pragma once
#include "services/sim/discord/rules/fixed_window.hpp"

#include <chrono>
#include <cstdint>
#include <map>

namespace tutti::services::sim::discord {

/// Who may identify now: one per 5 s in each bucket (shard modulo max_concurrency), so many in 24 hours.
class identify_gate {
public:
  enum class verdict { admitted, too_soon, exhausted };
  /// Two frames that were sent 5 s apart may arrive this much closer.
  static constexpr std::chrono::milliseconds tolerance{100};
  static constexpr std::chrono::milliseconds pause{5000};

  identify_gate(std::uint64_t max_concurrency, std::uint64_t a_day)
      : max_concurrency_(max_concurrency), starts_(a_day, std::chrono::hours{24}) {}

  verdict admit(std::uint64_t shard, steady_time now) {
    auto& last = last_[shard % max_concurrency_];
    if (last != steady_time{} && now - last < pause - tolerance)
      return verdict::too_soon;
    if (!starts_.take(now))
      return verdict::exhausted;
    last = now;
    return verdict::admitted;
  }
  std::uint64_t max_concurrency() const noexcept { return max_concurrency_; }
  fixed_window& starts() noexcept { return starts_; }

private:
  std::uint64_t max_concurrency_;
  fixed_window starts_;
  std::map<std::uint64_t, steady_time> last_;
};

} // namespace tutti::services::sim::discord

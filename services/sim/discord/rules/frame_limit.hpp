#pragma once
#include "services/sim/base/event_loop.hpp"

#include <chrono>
#include <cstddef>
#include <deque>

namespace tutti::services::sim::discord {

/// What a client may send on one connection: 120 frames in any 60 s.
class frame_limit {
public:
  static constexpr std::size_t frames = 120;
  static constexpr std::chrono::seconds length{60};

  bool take(steady_time now) {
    while (!taken_.empty() && now - taken_.front() >= length)
      taken_.pop_front();
    if (taken_.size() >= frames)
      return false;
    taken_.push_back(now);
    return true;
  }

private:
  std::deque<steady_time> taken_;
};

} // namespace tutti::services::sim::discord

#pragma once
#include "services/sim/base/event_loop.hpp"

#include <chrono>
#include <cstdint>

namespace tutti::services::sim::discord {

/// So many in a time that begins with the first one.
class fixed_window {
public:
  fixed_window(std::uint64_t limit, std::chrono::nanoseconds length) : limit_(limit), length_(length) {}

  bool take(steady_time now) {
    if (over(now)) {
      began_ = now;
      used_ = 0;
    }
    if (used_ >= limit_)
      return false;
    ++used_;
    return true;
  }
  bool over(steady_time now) const noexcept { return used_ == 0 || now - began_ >= length_; }
  std::uint64_t limit() const noexcept { return limit_; }
  std::uint64_t remaining(steady_time now) const noexcept { return over(now) ? limit_ : limit_ - used_; }
  std::chrono::nanoseconds reset_after(steady_time now) const noexcept {
    return over(now) ? std::chrono::nanoseconds{0} : length_ - (now - began_);
  }
  /// As if all but `left` were used already.
  void leave(std::uint64_t left, steady_time now) {
    if (over(now))
      began_ = now;
    used_ = limit_ > left ? limit_ - left : 0;
  }

private:
  std::uint64_t limit_;
  std::chrono::nanoseconds length_;
  steady_time began_{};
  std::uint64_t used_ = 0;
};

} // namespace tutti::services::sim::discord

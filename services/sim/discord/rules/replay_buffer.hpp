#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace tutti::services::sim::discord {

/// The last dispatches of a session, bounded by number and bytes; the oldest go first.
class replay_buffer {
public:
  replay_buffer(std::size_t max_events, std::size_t max_bytes)
      : max_events_(max_events), max_bytes_(max_bytes) {}

  /// Sequences rise by one from 1.
  void add(std::string payload) {
    bytes_ += payload.size();
    events_.push_back(std::move(payload));
    ++last_;
    while (events_.size() > max_events_ || bytes_ > max_bytes_) {
      bytes_ -= events_.front().size();
      events_.pop_front();
    }
  }
  std::uint64_t last() const noexcept { return last_; }
  /// Whether all that came after `seq` is still here.
  bool covers(std::uint64_t seq) const noexcept { return seq <= last_ && last_ - seq <= events_.size(); }
  /// `covers(seq)` is required.
  std::deque<std::string> after(std::uint64_t seq) const {
    return {events_.end() - static_cast<std::ptrdiff_t>(last_ - seq), events_.end()};
  }

private:
  std::size_t max_events_;
  std::size_t max_bytes_;
  std::deque<std::string> events_;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
};

} // namespace tutti::services::sim::discord

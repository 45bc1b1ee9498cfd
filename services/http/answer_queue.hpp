#pragma once
#include "actors/http_gateway/exchange/exchange.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tutti::services::http {

/// One request that is owed an answer.
struct owed_answer {
  actors::http_gateway::response answer;
  bool ready = false;        ///< `answer` is set
  bool body_awaited = false; ///< the request is not complete
  bool say_continue = false; ///< 100 Continue is due when its turn comes
  bool head_only = false;
  bool http_1_0 = false;
  bool close = false; ///< the connection ends with it
  std::optional<std::uint32_t> route;
  std::string method;
  std::string target;         ///< for a problem that the server states later
  std::size_t body_bytes = 0; ///< of the request
  std::chrono::steady_clock::time_point received;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

/// The answers that a connection owes, in the order of their requests, by consecutive numbers. At most
/// `capacity` at a time. For the connection's own thread, but for abandoned().
class answer_queue {
public:
  static constexpr std::size_t capacity = 64; ///< the bits of abandoned_

  bool empty() const noexcept { return first_ == next_; }
  std::size_t size() const noexcept { return next_ - first_; }
  owed_answer& push();
  std::uint64_t last() const noexcept { return next_ - 1; } ///< the number of back()
  owed_answer& at(std::size_t place) noexcept { return ring_[(first_ + place) & (ring_.size() - 1)]; }
  owed_answer& front() noexcept { return at(0); }
  owed_answer& back() noexcept { return at(size() - 1); }
  /// Null when it has been written or dropped.
  owed_answer* find(std::uint64_t number) noexcept;
  void pop_front() noexcept;
  /// For a request that was never handed on: its number is given again.
  void pop_back() noexcept;
  void clear() noexcept;
  /// Gives back what a burst needed.
  void shrink() noexcept;

  /// Nobody waits for that answer any more, but it keeps its place.
  void abandon(std::uint64_t number) noexcept;
  /// From any thread: abandoned, written or dropped.
  bool abandoned(std::uint64_t number) const noexcept;

private:
  void publish() noexcept { done_.store(first_, std::memory_order_release); }

  std::vector<owed_answer> ring_; // its size is 0 or a power of two
  std::uint64_t first_ = 0, next_ = 0;
  std::atomic<std::uint64_t> done_{0}; // first_, for other threads
  std::atomic<std::uint64_t> abandoned_{0};
};

} // namespace tutti::services::http

#pragma once
#include <chrono>
#include <functional>

#include <boost/asio/io_context.hpp>

namespace tutti::services::sim {

using steady_time = std::chrono::steady_clock::time_point;

/// The one thread that everything runs on, and its timers.
class event_loop {
public:
  boost::asio::io_context& context() noexcept { return context_; }
  steady_time now() const { return std::chrono::steady_clock::now(); }
  /// Calls `what` once. There is no taking back: it must check whether it is still wanted.
  void after(std::chrono::nanoseconds delay, std::function<void()> what);

private:
  boost::asio::io_context context_{1};
};

} // namespace tutti::services::sim

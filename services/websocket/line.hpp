#pragma once
#include "runtime/outbound/websocket.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/io_context.hpp>

namespace tutti::services::websocket {

class connection;

/// What the owner of a connection and the I/O thread share of it, with the bounds in both directions. It may
/// outlive the connection, its client and the loop.
class line : public std::enable_shared_from_this<line> {
public:
  line(boost::asio::io_context& context, const runtime::outbound::websocket_request& bounds);

  std::uint64_t id() const noexcept { return id_; }

  // From any thread.
  bool send(std::string text);
  void close(std::uint16_t code, std::string reason);
  void drop() noexcept;
  /// A text for the owner counts until the result is gone.
  std::shared_ptr<const void> hold(std::size_t bytes);

  // On the loop's thread.
  void attach(std::weak_ptr<connection> to) { connection_ = std::move(to); }
  void opened() noexcept { open_.store(true, std::memory_order_release); }
  void left(std::size_t bytes) noexcept;
  bool dropped() const noexcept { return dropped_.load(std::memory_order_acquire); }
  /// True: the owner has too many texts; the connection is resumed when there is room.
  bool pause();
  /// Nothing reaches the loop any more.
  void end();

private:
  struct held;
  void post(std::function<void(connection&)> what);
  void released(std::size_t bytes);
  bool full() const noexcept;

  const std::uint64_t id_;
  const std::size_t max_waiting_, max_waiting_bytes_, max_queued_, max_queued_bytes_;
  std::weak_ptr<connection> connection_; // locked on the loop's thread only, so that it ends there
  std::atomic<bool> open_{false}, dropped_{false}, paused_{false};
  std::atomic<std::size_t> queued_{0}, queued_bytes_{0};
  std::atomic<std::size_t> waiting_{0}, waiting_bytes_{0};
  std::mutex mutex_;
  boost::asio::io_context* context_; // guarded by mutex_; null: ended
};

} // namespace tutti::services::websocket

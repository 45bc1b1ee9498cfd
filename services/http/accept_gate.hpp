#pragma once
#include "services/http/io_loop.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tutti::services::http {

/// Listens, and spreads the connections over the loops. Runs on the first loop's thread.
class accept_gate {
public:
  accept_gate(std::span<const std::shared_ptr<io_loop>> loops, std::size_t connection_limit);

  /// Throws std::invalid_argument or std::system_error.
  void listen(const server_options& options);
  void open() { arm(); }
  void close() noexcept;

  std::uint16_t port() const noexcept { return port_; }
  std::uint64_t accepted() const noexcept { return accepted_.load(std::memory_order_relaxed); }
  std::uint64_t rejected() const noexcept { return rejected_.load(std::memory_order_relaxed); }

private:
  void arm();
  void accept_waiting();
  void place(int socket, std::string peer);
  void back_off();

  std::span<const std::shared_ptr<io_loop>> loops_;
  std::size_t limit_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> rejected_{0};
};

} // namespace tutti::services::http

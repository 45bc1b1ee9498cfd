#pragma once
#include "services/sim/base/event_loop.hpp"
#include "services/sim/base/http_message.hpp"
#include "services/sim/base/web_socket.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace tutti::services::sim {

/// HTTP/1.1 with keep-alive, and WebSockets, on one port.
class http_server {
public:
  using handler = std::function<void(const http_request&, http_responder)>;
  using upgrade_handler = std::function<void(const http_request&, std::shared_ptr<web_socket>)>;
  static constexpr std::size_t max_body = 8 * 1024 * 1024;

  /// Throws boost::system::system_error where it cannot listen. Without `on_upgrade` an upgrade is a request.
  http_server(event_loop& loop, const std::string& address, std::uint16_t port, handler on_request,
              upgrade_handler on_upgrade = nullptr);
  ~http_server();
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  std::uint16_t port() const noexcept;
  /// Connections are refused from now on (those that are, stay), or taken again.
  void refuse(bool refused);
  /// Ends all connections that are not WebSockets.
  void drop_connections();

private:
  class connection;
  struct shared;

  std::shared_ptr<shared> shared_;
};

} // namespace tutti::services::sim

#pragma once
#include "runtime/outbound/websocket.hpp"

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

namespace tutti::services::websocket {

class client_core;

struct client_options {
  std::string ca_file; ///< PEM, for wss; empty: the system's authorities
};

/// WebSocket connections, all on one loop. Ends before the actor system; connections' handles may outlive it.
class client final : public runtime::outbound::websocket_client {
public:
  /// `context` is run by one thread, and for as long as the client lives. Throws std::runtime_error when the
  /// authorities cannot be read.
  client(boost::asio::io_context& context, const client_options& options);
  /// As stop().
  ~client() override;

  std::unique_ptr<runtime::outbound::websocket> open(const caf::actor& owner,
                                                     runtime::outbound::websocket_request to) override;
  /// Drops all connections; opening fails from now on. Waits for the loop, unless called on it.
  void stop();

private:
  std::shared_ptr<client_core> core_;
};

} // namespace tutti::services::websocket

#pragma once
#include "runtime/outbound/websocket.hpp"
#include "services/net/io_thread.hpp"
#include "services/websocket/client.hpp"
#include "tests/support/wire_server.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

namespace tutti::tests::services_websocket {

using namespace std::chrono_literals;
using runtime::outbound::transport_compression;
using runtime::outbound::websocket;
using runtime::outbound::websocket_closed;
using runtime::outbound::websocket_end;
using runtime::outbound::websocket_opened;
using runtime::outbound::websocket_request;
using runtime::outbound::websocket_text;

struct frame {
  bool last = true;
  unsigned opcode = 0; ///< 1 text, 2 binary, 8 close, 9 ping, 10 pong
  bool masked = false;
  std::string payload;
};

/// The server's end of a WebSocket, by the letter of RFC 6455, written apart from what it tests.
class peer {
public:
  explicit peer(wire& on) : on_(on) {}

  /// The head of the handshake.
  std::string read_request();
  /// Reads the handshake and accepts it; `headers`: further lines, each with CR LF. Returns the head.
  std::string accept(std::string_view headers = {});
  void send(unsigned opcode, std::string_view payload, bool last = true);
  void send_text(std::string_view text) { send(1, text); }
  void send_close(std::uint16_t code, std::string_view reason = {});
  /// Throws std::runtime_error at the end of the connection.
  frame read();

private:
  wire& on_;
};

/// The bytes of one zlib stream, flushed after each text.
class packer {
public:
  packer();
  ~packer();
  std::string operator()(std::string_view text);

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// A client with its loop, and the actor that owns its connections.
struct WebsocketClient : testing::Test {
  caf::actor_system_config config;
  caf::actor_system sys{config};
  caf::scoped_actor owner{sys};
  services::net::io_thread io{"test-websocket"};
  std::optional<services::websocket::client> client;

  using event = std::variant<std::monostate, websocket_opened, websocket_text, websocket_closed>;

  services::websocket::client& use(const std::string& ca_file = {});
  std::unique_ptr<websocket> open(websocket_request to);
  std::unique_ptr<websocket> open(const wire_server& at,
                                  transport_compression c = transport_compression::none);
  /// The owner's next message; monostate: none within 10 s.
  event next(std::chrono::milliseconds within = 10s);
  /// The next message, which must be of this kind.
  websocket_opened expect_opened();
  std::string expect_text();
  websocket_closed expect_closed();
};

} // namespace tutti::tests::services_websocket

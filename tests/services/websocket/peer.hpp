#pragma once
#include "tests/support/wire_server.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tutti::tests::services_websocket {

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

} // namespace tutti::tests::services_websocket

#pragma once
#include "runtime/outbound/http.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

/// The port for WebSocket connections to the outside.
namespace tutti::runtime::outbound {

enum class transport_compression : std::uint8_t {
  none,
  zlib_stream, ///< the peer's binary messages are one zlib stream, flushed (00 00 FF FF) after each text
};

struct websocket_request {
  std::string url;      ///< ws or wss; never logged
  http_headers headers; ///< of the handshake; secret
  transport_compression compression = transport_compression::none;
  std::size_t max_message_bytes = 64 * 1024 * 1024; ///< of one text that comes in, unpacked
  /// Texts that the owner has not handled yet; beyond them the connection is not read. One more may be there.
  std::size_t max_waiting = 4096;
  std::size_t max_waiting_bytes = 8 * 1024 * 1024;
  /// Texts that have not left yet; beyond them send() refuses.
  std::size_t max_queued = 256;
  std::size_t max_queued_bytes = 1024 * 1024;
  std::chrono::milliseconds open_timeout{10'000}; ///< name, TCP, TLS and handshake together
  /// With nothing from the peer for half of it there is a ping, for all of it the connection is lost. Also
  /// for an owner that leaves its bound of texts unhandled for so long.
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds close_timeout{5'000}; ///< for the peer's answer to close()
};

/// One connection, as its owner holds it. All members may be called from any thread and never block.
class websocket {
public:
  /// As drop().
  virtual ~websocket() = default;

  /// In its events; unlike any other of this process.
  virtual std::uint64_t id() const noexcept = 0;
  /// False: it is not open (websocket_opened has not been sent, or it has ended) or a bound is reached.
  /// Nothing of the text is sent then. True says that it waits its turn.
  virtual bool send(std::string text) = 0;
  /// Sends what waits, then a close frame; websocket_closed follows.
  virtual void close(std::uint16_t code, std::string reason = {}) = 0;
  /// Ends it without a close frame, as a lost host would: nothing that waits is sent. No more events, but
  /// for those that are in the owner's mailbox already.
  virtual void drop() noexcept = 0;
};

/// The owner's messages, in this order: websocket_opened, texts, websocket_closed. Or websocket_closed alone.
struct websocket_opened {
  std::uint64_t socket = 0; ///< websocket::id()
  http_headers headers;     ///< of the peer's handshake
};
struct websocket_text {
  std::uint64_t socket = 0;
  std::string text;                    ///< take the message by reference and move it out
  std::shared_ptr<const void> waiting; ///< while it lives the text counts as unhandled
};

enum class websocket_end : std::uint8_t {
  closed,      ///< by a close frame of the peer, be it an answer to ours: `code` and `reason` are its
  lost,        ///< without one; also idle for too long
  unreachable, ///< never opened: name, TCP, TLS or time
  refused,     ///< never opened: the peer answered the handshake with `status` and `headers`
  rejected,    ///< never opened, and never will be: a bad URL or header
  misbehaved,  ///< the peer sent what it must not: too much, no text, nothing that can be unpacked
};
std::string_view to_string(websocket_end end) noexcept;

struct websocket_closed {
  std::uint64_t socket = 0;
  websocket_end how = websocket_end::lost;
  std::uint16_t code = 0; ///< of a close frame; 1005: it had none
  std::string reason;     ///< for people
  unsigned status = 0;
  http_headers headers;
};

/// Thread-safe. Outlives the actors that use it.
class websocket_client {
public:
  virtual ~websocket_client() = default;
  /// Never null; what is wrong comes as websocket_closed. An owner that has ended drops its connections.
  virtual std::unique_ptr<websocket> open(const caf::actor& owner, websocket_request to) = 0;
};

} // namespace tutti::runtime::outbound

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::outbound::websocket_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::outbound::websocket_text)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::outbound::websocket_closed)

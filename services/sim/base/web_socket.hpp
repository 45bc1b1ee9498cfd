#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace tutti::services::sim {

/// The server's end of a WebSocket.
class web_socket {
public:
  class listener {
  public:
    virtual ~listener() = default;
    virtual void on_message(std::string_view payload, bool binary) = 0;
    /// All that was sent is written.
    virtual void on_drained() = 0;
    /// The last call. `code` as the client sent it: 1005 for a close frame without one, 1006 for none.
    virtual void on_closed(int code) = 0;
  };
  enum class flow {
    open,
    held,      ///< nothing is read or written until it is open again
    swallowed, ///< nothing is read, what is sent gets lost, the connection stays
  };
  static constexpr std::size_t max_message = 1024 * 1024;
  /// A client that reads slower than this queue fills is cut off.
  static constexpr std::size_t max_queue = 256 * 1024 * 1024;

  virtual ~web_socket() = default;
  virtual void listen(std::weak_ptr<listener> to) = 0;
  virtual void send(std::string payload, bool binary) = 0;
  /// After what was sent before; what comes later is dropped.
  virtual void close(int code, std::string_view reason) = 0;
  /// Without a close frame.
  virtual void drop() = 0;
  virtual void set_flow(flow to) = 0;
};

} // namespace tutti::services::sim

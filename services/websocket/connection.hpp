#pragma once
#include "runtime/outbound/websocket.hpp"
#include "services/websocket/line.hpp"
#include "services/websocket/url.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/message.hpp>
#include <openssl/types.h>

namespace tutti::services::websocket {

/// One connection, from its opening to its end. All on the loop's thread.
class connection : public std::enable_shared_from_this<connection> {
public:
  struct parts {
    runtime::outbound::websocket_request request;
    peer_address peer;
    caf::weak_actor_ptr owner;
    std::shared_ptr<websocket::line> line;
    std::shared_ptr<SSL_CTX> tls;
    std::function<void()> ended; ///< called once
  };

  connection(boost::asio::io_context& context, parts init);
  ~connection();

  void open();
  void read();
  void queue(std::string text);
  void close(std::uint16_t code, const std::string& reason);
  /// Without a close frame, and without an event.
  void drop();

private:
  using clock = std::chrono::steady_clock;
  using error = boost::system::error_code;
  enum class phase : std::uint8_t { opening, open, closing, over };
  struct wire; // what needs Beast's headers

  void connect(const boost::asio::ip::tcp::resolver::results_type& found);
  void shake_hands();
  void opened(const error& wrong);
  void received(const error& wrong, std::size_t size);
  void failed(const error& wrong);
  void deliver(std::string text);
  void write();
  void send_close();
  void watch(clock::time_point until, void (connection::*what)());
  void opening_overdue();
  void closing_overdue();
  void idle();
  void unreachable(std::string why);
  void peer_closed();
  void end(runtime::outbound::websocket_closed how);
  void shut(bool abrupt);
  void tell(caf::message event);

  parts init_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<wire> wire_;
  phase phase_ = phase::opening;
  const char* awaited_ = "the host's address";
  clock::time_point heard_{}; // the last time that anything came
  bool pinged_ = false;       // since then
  bool writing_ = false, closing_sent_ = false;
  std::deque<std::string> queue_;
  std::uint16_t close_code_ = 0;
  std::string close_reason_;
};

} // namespace tutti::services::websocket

#pragma once
#include "services/sim/base/http_message.hpp"
#include "services/sim/base/web_socket.hpp"

#include <deque>
#include <optional>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace tutti::services::sim {

using beast_request = boost::beast::http::request<boost::beast::http::string_body>;

class beast_socket final : public web_socket, public std::enable_shared_from_this<beast_socket> {
public:
  explicit beast_socket(boost::beast::tcp_stream&& stream) : stream_(std::move(stream)) {}

  /// Answers the handshake and begins to read.
  void accept(const beast_request& upgrade);

  void listen(std::weak_ptr<listener> to) override { listener_ = std::move(to); }
  void send(std::string payload, bool binary) override;
  void close(int code, std::string_view reason) override;
  void drop() override;
  void set_flow(flow to) override;

private:
  struct frame {
    std::string payload;
    bool binary = false;
    int close_code = 0; ///< 0: a message
  };

  void push(frame one);
  void read();
  void write();
  void finish(int code);

  boost::beast::websocket::stream<boost::beast::tcp_stream> stream_;
  boost::beast::flat_buffer input_;
  std::weak_ptr<listener> listener_;
  std::deque<frame> queue_;
  std::size_t queued_ = 0;
  flow flow_ = flow::open;
  bool accepted_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool finished_ = false;
};

} // namespace tutti::services::sim

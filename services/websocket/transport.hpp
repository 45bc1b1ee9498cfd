#pragma once
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/role.hpp>
#include <openssl/types.h>

namespace tutti::services::websocket {

/// A TCP connection, with TLS on it or not: the stream below Beast's. Asio's own TLS stream keeps four
/// buffers of 17 KiB for each connection; here OpenSSL reads and writes the socket itself, and has buffers
/// only while it works.
class transport {
public:
  using next_layer_type = boost::asio::ip::tcp::socket;
  using executor_type = next_layer_type::executor_type;

  explicit transport(boost::asio::io_context& context) : socket_(context) {}

  next_layer_type& next_layer() noexcept { return socket_; }
  const next_layer_type& next_layer() const noexcept { return socket_; }
  executor_type get_executor() noexcept { return socket_.get_executor(); }

  /// Once the socket is connected. `done` gets what is wrong, or "".
  void encrypt(SSL_CTX& with, const std::string& host, std::function<void(std::string)> done);
  /// Closes the socket. `abrupt`: what has not left yet never will.
  void close(bool abrupt) noexcept;
  /// TLS's farewell, if it goes out at once, and the end of what we send.
  void farewell() noexcept;

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& into, Token&& token) {
    return start<read_step>(into, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& what, Token&& token) {
    return start<write_step>(what, std::forward<Token>(token));
  }

private:
  using wait_type = boost::asio::ip::tcp::socket::wait_type;
  struct progress {
    boost::system::error_code wrong{};
    std::size_t size = 0;
    bool waits = false; ///< for `ready`, then again
    wait_type ready = wait_type::wait_read;
  };
  struct close_tls {
    void operator()(SSL* connection) const noexcept;
  };

  progress read_now(boost::asio::mutable_buffer into) noexcept;
  progress write_now(boost::asio::const_buffer what) noexcept;
  progress judge(int returned) noexcept;
  void shake_hands(std::function<void(std::string)> done);

  struct read_step {
    template <class Buffers>
    static progress take(transport& on, const Buffers& into) {
      for (auto it = boost::asio::buffer_sequence_begin(into); it != boost::asio::buffer_sequence_end(into);
           ++it)
        if (boost::asio::mutable_buffer one{*it}; one.size() > 0)
          return on.read_now(one);
      return {};
    }
  };
  struct write_step {
    /// Head and body of a frame make one packet.
    template <class Buffers>
    static progress take(transport& on, const Buffers& what) {
      std::array<char, 8192> flat;
      auto size = boost::asio::buffer_copy(boost::asio::buffer(flat), what);
      return size > 0 ? on.write_now({flat.data(), size}) : progress{};
    }
  };
  template <class Step, class Buffers>
  struct operation {
    transport* on;
    Buffers buffers;
    progress made{};
    bool began = false, over = false;

    template <class Self>
    void operator()(Self& self, boost::system::error_code wait_failed = {}) {
      if (over)
        return self.complete(made.wrong, made.size);
      if (wait_failed)
        return self.complete(wait_failed, 0);
      made = Step::take(*on, buffers);
      auto& socket = on->socket_;
      if (std::exchange(began, true) && !made.waits)
        return self.complete(made.wrong, made.size);
      if (made.waits)
        return socket.async_wait(made.ready, std::move(self));
      over = true; // not within the call that began it
      boost::asio::post(socket.get_executor(), std::move(self));
    }
  };
  template <class Step, class Buffers, class Token>
  auto start(const Buffers& buffers, Token&& token) {
    return boost::asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(
        operation<Step, Buffers>{this, buffers}, token, socket_);
  }

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<SSL, close_tls> tls_;
};

/// Beast's, at the end of a closing handshake.
void teardown(boost::beast::role_type role, transport& on, boost::system::error_code& wrong);
template <class Handler>
void async_teardown(boost::beast::role_type, transport& on, Handler&& handler) {
  on.farewell();
  boost::asio::post(on.get_executor(), [handler = std::forward<Handler>(handler)]() mutable {
    handler(boost::system::error_code{});
  });
}

} // namespace tutti::services::websocket

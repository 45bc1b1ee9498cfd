#pragma once
#include "services/net/socket_watch.hpp"
#include "services/postgres/connection/address.hpp"
#include "services/postgres/connection/connection_handle.hpp"
#include "services/postgres/statement/failure.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tutti::services::postgres {

/// What every session is told when it begins.
struct session_settings {
  std::chrono::milliseconds statement_timeout{30'000}; ///< by the server, for each statement
  std::chrono::milliseconds lock_timeout{10'000};      ///< by the server, for each wait for a lock
};

/// Opens one connection: name, TCP, TLS, login, settings of the session. Lives until it has answered. Names
/// are looked up on a thread of Asio's, which the end of the context waits for.
class connector : public std::enable_shared_from_this<connector> {
public:
  using done = std::function<void(connection_handle, std::optional<failure>)>;

  connector(boost::asio::io_context& context, const address& to, session_settings settings);
  /// Answers once: with a connection in pipeline mode, or with why there is none.
  void start(std::chrono::milliseconds deadline, done then);
  /// No answer any more.
  void cancel();

private:
  void resolve(std::size_t number);
  void connect();
  void poll();
  void await_settings();
  void read_settings();
  void fail(std::string text, std::string sqlstate = {});
  void fail_by_libpq();
  void finish(connection_handle connection, std::optional<failure> why);

  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer deadline_;
  net::socket_watch watch_;
  const address to_;
  const session_settings settings_;
  std::vector<address::host> resolved_;
  std::string unresolved_; ///< words of the last name that could not be resolved
  connection_handle connection_;
  done then_;
};

} // namespace tutti::services::postgres

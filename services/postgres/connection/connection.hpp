#pragma once
#include "services/net/socket_watch.hpp"
#include "services/postgres/connection/connection_handle.hpp"
#include "services/postgres/statement/statement.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

struct pg_result; // libpq's

namespace tutti::services::postgres {

using steady_time = std::chrono::steady_clock::time_point;

/// Work for one connection with one answer: statements between two Syncs, or a script.
struct exchange {
  std::vector<call> calls;
  std::string script; ///< several statements of plain SQL, alone on the connection; then no calls
  steady_time deadline;
  answer_callback done;
};

/// One open connection in pipeline mode. On the I/O thread only.
class connection : public std::enable_shared_from_this<connection> {
public:
  /// Told once when it has ended, after the callbacks of its exchanges.
  using ended = std::function<void(const failure&)>;

  connection(boost::asio::io_context& context, connection_handle handle);
  void start(ended then);

  /// Sends it behind those that are under way. At the deadline of any of them the connection is closed: the
  /// server ends what it still does for it within a second, and whether that was committed is unknown.
  void send(exchange work);
  /// Every exchange under way fails with these words.
  void close(const failure& why);

  bool open() const noexcept { return handle_ != nullptr; }
  std::size_t in_flight() const noexcept { return in_flight_.size(); }
  /// More may follow at once. Not while statements are being prepared: what follows might use them.
  bool pipelines() const noexcept { return open() && preparing_ == 0 && !in_script_ && !spoiled_; }
  /// To be closed when nothing is under way.
  bool spoiled() const noexcept { return spoiled_; }
  /// Between BEGIN and its end, a failed transaction included.
  bool in_transaction() const noexcept;

private:
  struct under_way {
    exchange work;
    std::vector<statement> prepares; ///< sent before it, with a Sync of their own
    std::size_t answered = 0;        ///< results since the last Sync
    bool prepared = false;           ///< the answers to `prepares` are in
    bool fatal = false;              ///< the error ends the connection
    answer result;
  };

  std::string_view sql_of(std::string_view name) const;
  bool transmit(under_way& next);
  bool transmit_call(const call& one);
  void flush();
  void listen();
  void readable();
  void take(std::shared_ptr<const pg_result> got);
  void took_error(under_way& head, const pg_result* error);
  void took_sync(under_way& head);
  void took_end_of_script();
  void complete(under_way done);
  void watch_deadlines();
  void lost();

  connection_handle handle_;
  net::socket_watch watch_;
  boost::asio::steady_timer deadline_;
  ended ended_;
  std::deque<under_way> in_flight_;
  std::map<std::string, std::string, std::less<>> prepared_; ///< name to SQL
  std::size_t preparing_ = 0;                                ///< exchanges whose `prepares` are not answered
  bool in_script_ = false;
  bool spoiled_ = false;
  std::optional<failure> farewell_; ///< a fatal notice of the server while nothing was under way
};

/// Why this unit cannot be sent to any server.
std::optional<failure> check(const std::vector<call>& calls);

/// Calls back; an exception is logged and goes no further.
void answer_guarded(const answer_callback& done, answer result) noexcept;

} // namespace tutti::services::postgres

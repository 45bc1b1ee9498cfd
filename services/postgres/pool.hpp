#pragma once
#include "services/postgres/statement/statement.hpp"
#include "services/postgres/transaction.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

namespace tutti::services::postgres {

struct pool_options {
  /// postgres://user:password@host:port/db?sslmode=…, as libpq takes it; verify-full with sslrootcert is the
  /// only sslmode that proves who the server is. Secret.
  std::string url;
  std::size_t connections = 4; ///< 1 to 100; the first is opened at once, others when needed
  std::size_t pipeline = 4;    ///< units under way on one connection when all are busy; 1 to 64
  std::size_t queue = 10'000;  ///< units that may wait for a connection; at least 1
  std::chrono::milliseconds queue_wait{5'000};         ///< that a unit may wait for one
  std::chrono::milliseconds connect_timeout{5'000};    ///< name, TCP, TLS and login
  std::chrono::milliseconds unit_deadline{10'000};     ///< of units that have none
  std::chrono::milliseconds statement_timeout{30'000}; ///< by the server, for what outlives its caller
  std::chrono::milliseconds lock_timeout{10'000};      ///< by the server
  std::chrono::milliseconds backoff_base{100};         ///< before the second attempt to connect …
  std::chrono::milliseconds backoff_max{10'000};       ///< … doubling up to this, with jitter
  std::chrono::milliseconds ping_interval{5'000};      ///< for connections that have nothing to do

  /// Words for the first mistake, without the URL; empty when there is none.
  std::string validate() const;
};

enum class pool_state : std::uint8_t { connecting, up, down };

/// For work that a serialization failure or a deadlock rolled back.
struct retry_options {
  std::uint32_t attempts = 5;           ///< in all
  std::chrono::milliseconds base{20};   ///< before the second, doubling …
  std::chrono::milliseconds max{1'000}; ///< … up to this, with jitter
};
/// One attempt, which must answer once and not throw: a transaction that reads, decides and commits, say.
using attempt = std::function<void(answer_callback)>;

struct pool_stats {
  pool_state state = pool_state::connecting;
  std::string last_error; ///< why it is down, or was last; empty: nothing has happened
  std::size_t connections = 0, leased = 0, in_flight = 0, waiting = 0;
  std::uint64_t opened = 0, open_failures = 0, lost = 0;                   ///< connections
  std::uint64_t committed = 0, rolled_back = 0, not_sent = 0, unknown = 0; ///< units, steps, commits
  std::chrono::microseconds ping{0}; ///< of the latest answer to a ping; 0: none yet
};

/// Told on the I/O thread when the state changes.
using pool_observer = std::function<void(pool_state, const std::string& last_error)>;

class pool_core;

/// Connections to one PostgreSQL server (14 or later). Callers may be on any thread; answers come on the I/O
/// thread, each exactly once. A unit that nobody can take in time ends as ec::unavailable and not_sent; one
/// whose connection breaks or whose deadline passes under way, as unknown. Nothing is sent again by itself.
class pool {
public:
  /// `options` must be valid. The context has one thread and runs until after this object's end.
  pool(boost::asio::io_context& context, pool_options options, pool_observer observer = nullptr);
  /// Ends all work: what waits is not_sent, what is under way unknown. Returns after the last callback.
  ~pool();
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  void run(unit work, answer_callback done);
  void begin(transaction_options options, transaction_callback then);
  /// Begins attempts until one ends in anything but a retryable failure, or there were enough of them.
  /// Attempts begin on the I/O thread.
  void retry(retry_options options, attempt once, answer_callback done);
  pool_stats stats() const;

private:
  boost::asio::io_context& context_;
  std::shared_ptr<pool_core> core_;
};

} // namespace tutti::services::postgres

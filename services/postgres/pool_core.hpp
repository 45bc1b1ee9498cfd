#pragma once
#include "services/postgres/connection/address.hpp"
#include "services/postgres/connection/connection.hpp"
#include "services/postgres/connection/connector.hpp"
#include "services/postgres/pool.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace tutti::services::postgres {

using lease_callback = std::function<void(std::shared_ptr<connection>, std::optional<failure>)>;

/// What a pool is made of; all but stats() on the I/O thread. Lives until its last operation has ended.
class pool_core : public std::enable_shared_from_this<pool_core> {
public:
  pool_core(boost::asio::io_context& context, pool_options options, pool_observer observer);
  void start();
  void close();

  /// `asked`: when the caller did.
  void run(unit work, answer_callback done, steady_time asked);
  /// A connection for one caller, who gives it back.
  void acquire(steady_time deadline, lease_callback then);
  void give_back(const std::shared_ptr<connection>& leased);
  void count(const answer& result);
  /// `number`: of the attempt that begins now, from 1.
  void retry(retry_options options, const attempt& once, const answer_callback& done,
             std::uint32_t number = 1);

  pool_stats stats() const;
  boost::asio::io_context& context() noexcept { return context_; }

private:
  struct waiting {
    unit work;
    answer_callback done; ///< of a unit
    lease_callback lease; ///< of one who wants a connection alone
    steady_time deadline; ///< of the whole
    steady_time give_up;  ///< of waiting
  };
  struct member {
    std::shared_ptr<connection> on;
    bool leased = false;
  };

  void enqueue(waiting one);
  void dispatch();
  void hand_over(member& chosen, waiting one);
  member* choose(bool alone);
  void refuse(waiting& one, failure why);
  void refuse_all(const failure& why);
  void give_up_late_ones();
  failure late() const;
  void watch_queue(steady_time at);

  /// `then(true)` after the delay, `then(false)` when the pool ends before.
  void after(std::chrono::milliseconds delay, std::function<void(bool)> then);
  bool may_open() const noexcept;
  void open_one();
  void opened(connection_handle handle);
  void open_failed(failure why);
  void ended(const connection* which, const failure& why);
  void reopen_later();
  void close_spoiled();
  void ping();
  void ping(connection& on);
  void ping_later();
  void set_state(pool_state state, const std::string& why);
  void show();

  boost::asio::io_context& context_;
  const pool_options options_;
  const pool_observer observer_;
  std::optional<address> address_;
  std::vector<member> members_;
  std::shared_ptr<connector> connector_; ///< at most one at a time, so that a server coming up is not stormed
  std::deque<waiting> queue_;
  std::uint32_t failed_attempts_ = 0; ///< in a row
  bool resting_ = false;              ///< until the next attempt to connect
  bool queue_watched_ = false;
  bool closed_ = false;
  boost::asio::steady_timer rest_, queue_timer_, ping_timer_;
  struct delayed {
    boost::asio::steady_timer timer;
    std::function<void(bool)> then;
  };
  std::vector<std::shared_ptr<delayed>> delayed_;
  mutable std::mutex mutex_; ///< of stats_
  pool_stats stats_;
};

} // namespace tutti::services::postgres

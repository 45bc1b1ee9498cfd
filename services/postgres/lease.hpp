#pragma once
#include "services/postgres/pool_core.hpp"
#include "services/postgres/transaction.hpp"

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/steady_timer.hpp>

namespace tutti::services::postgres {

/// What a transaction is made of; on the I/O thread only.
class lease : public std::enable_shared_from_this<lease> {
public:
  lease(std::shared_ptr<pool_core> pool, transaction_options options);
  /// Waits for a connection and begins.
  void begin(transaction_callback then);
  void step(std::vector<call> calls, std::string script, std::chrono::milliseconds limit,
            answer_callback done);
  void commit(answer_callback done);
  void rollback(answer_callback done);
  void abandon();
  boost::asio::io_context& context() noexcept { return pool_->context(); }

private:
  void send_begin(transaction_callback then);
  void send(std::vector<call> calls, std::string script, steady_time deadline, answer_callback done);
  void watch_deadline();
  void end();
  failure ended() const;

  const std::shared_ptr<pool_core> pool_;
  const transaction_options options_;
  const steady_time deadline_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<connection> on_; ///< null: given back
  bool ending_ = false;            ///< COMMIT or ROLLBACK was sent
  std::optional<failure> failed_;  ///< the first failure
};

} // namespace tutti::services::postgres

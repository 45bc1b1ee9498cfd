#pragma once
#include "services/postgres/statement/statement.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace tutti::services::postgres {

enum class isolation : std::uint8_t { read_committed, repeatable_read, serializable };

struct transaction_options {
  postgres::isolation isolation = postgres::isolation::read_committed;
  bool read_only = false;
  std::chrono::milliseconds deadline{10'000};         ///< of the whole: then the connection is closed
  std::chrono::milliseconds statement_timeout{5'000}; ///< these three by the server; 0: none
  std::chrono::milliseconds lock_timeout{2'000};
  std::chrono::milliseconds idle_timeout{5'000}; ///< between statements: a caller that thinks for too long
};

class lease;

/// An interactive transaction on a connection of its own. Its steps run in order and may be sent without
/// waiting for the one before. Call it from any thread; answers come on the I/O thread. When the last handle
/// goes without commit(), it is rolled back. It must go before the pool's context does.
class transaction {
public:
  explicit transaction(std::shared_ptr<lease> on) noexcept : lease_(std::move(on)) {}
  ~transaction();
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;

  /// After the first error only rollback() works; every error but one of commit() is rolled_back.
  void run(unit steps, answer_callback done);
  /// Plain SQL, several statements, no parameters; only when no step is under way.
  void run_script(std::string sql, answer_callback done);
  /// unknown when the connection ends before the answer. After a failed step: that failure.
  void commit(answer_callback done);
  void rollback(answer_callback done);

private:
  std::shared_ptr<lease> lease_;
};

/// Exactly one of the two is there.
using transaction_callback = std::function<void(std::shared_ptr<transaction>, std::optional<failure>)>;

} // namespace tutti::services::postgres

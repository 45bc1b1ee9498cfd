#pragma once
#include "runtime/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tutti::services::postgres {

/// What became of the work that failed.
enum class fate : std::uint8_t {
  not_sent,    ///< the server has not seen it
  rolled_back, ///< nothing of it is in the database
  unknown,     ///< the connection ended before the answer: it may be committed
};

/// Never contains a password, nor the values of parameters.
struct failure {
  runtime::ec code = runtime::ec::unavailable;
  postgres::fate fate = fate::not_sent;
  std::string sqlstate; ///< five characters, empty when it is not the server's error
  std::string text;     ///< one line for a person

  /// A serialization failure or a deadlock: the same again may well succeed.
  bool retryable() const noexcept { return sqlstate == "40001" || sqlstate == "40P01"; }
  caf::error to_error() const { return runtime::make_error(code, text); }
};

/// What the caller does next, by SQLSTATE (PostgreSQL 15, appendix A).
runtime::ec classify(std::string_view sqlstate) noexcept;

/// The server cannot work on this connection any more, or not as it should: a read-only server, a statement
/// that it forgot or that a migration changed.
bool spoils_connection(std::string_view sqlstate) noexcept;

/// Asking again does not help before somebody has changed something: wrong password, no such database.
bool refuses_login(std::string_view sqlstate) noexcept;

} // namespace tutti::services::postgres

#pragma once
#include "services/postgres/statement/failure.hpp"

#include <string>
#include <string_view>

struct pg_conn; // libpq's
struct pg_result;

namespace tutti::services::postgres {

/// What libpq says last on this connection, as one line.
std::string last_words(const pg_conn* connection);

/// Of an error that the server sent: what it was for was rolled back.
failure failure_of(const pg_result* error);
/// The server ends the connection with this error or notice.
bool is_fatal(const pg_result* error) noexcept;

/// Why a connection could not be opened, with verbose errors on it.
failure login_failure(const pg_conn* connection);
/// The same of libpq's text: lines like `… FATAL:  28P01: password authentication failed`.
failure parse_login_failure(std::string_view text);

} // namespace tutti::services::postgres

#pragma once
#include <memory>

struct pg_conn; // libpq's

namespace tutti::services::postgres {

struct close_connection {
  void operator()(pg_conn* c) const noexcept;
};
/// Closing sends a farewell where that does not block.
using connection_handle = std::unique_ptr<pg_conn, close_connection>;

} // namespace tutti::services::postgres

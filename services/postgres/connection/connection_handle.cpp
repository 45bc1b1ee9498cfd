#include "services/postgres/connection/connection_handle.hpp"

#include <libpq-fe.h>

namespace tutti::services::postgres {

void close_connection::operator()(pg_conn* c) const noexcept {
  PQfinish(c);
}

} // namespace tutti::services::postgres

#include "services/postgres/connection/connector.hpp"

#include "services/postgres/connection/server_words.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

namespace tutti::services::postgres {
namespace {

constexpr int oldest_server = 140000;     // client_connection_check_interval
constexpr std::size_t max_addresses = 16; // of all names together

} // namespace

connector::connector(boost::asio::io_context& context, const address& to, session_settings settings)
    : resolver_(context), deadline_(context), watch_(context), to_(to), settings_(settings) {}

void connector::start(std::chrono::milliseconds deadline, done then) {
  then_ = std::move(then);
  deadline_.expires_after(deadline);
  deadline_.async_wait([self = shared_from_this(), deadline](boost::system::error_code error) {
    if (!error)
      self->fail(fmt::format("no connection within {} ms", deadline.count()));
  });
  resolve(0);
}

void connector::cancel() {
  then_ = nullptr;
  finish(nullptr, std::nullopt);
}

void connector::resolve(std::size_t number) {
  if (!then_)
    return;
  if (number == to_.hosts.size()) {
    connect();
    return;
  }
  auto& host = to_.hosts[number];
  if (!host.needs_resolving()) {
    resolved_.push_back(host);
    resolve(number + 1);
    return;
  }
  resolver_.async_resolve(host.name, "", [self = shared_from_this(), number](auto error, const auto& found) {
    auto& name = self->to_.hosts[number];
    if (error)
      self->unresolved_ = fmt::format("cannot resolve \"{}\": {}", name.name, error.message());
    for (auto& entry : found)
      if (self->resolved_.size() < max_addresses)
        self->resolved_.push_back({name.name, name.port, entry.endpoint().address().to_string()});
    self->resolve(number + 1);
  });
}

void connector::connect() {
  if (resolved_.empty()) {
    fail(unresolved_);
    return;
  }
  auto parameters = to_.parameters(resolved_);
  std::vector<const char*> names, values;
  for (auto& [name, value] : parameters) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(names.data(), values.data(), 0));
  if (!connection_) {
    fail("out of memory");
    return;
  }
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE); // the only way to a login's SQLSTATE
  PQsetNoticeReceiver(
      connection_.get(), [](void*, const PGresult*) {}, nullptr);
  if (PQstatus(connection_.get()) == CONNECTION_BAD)
    fail_by_libpq();
  else if (!watch_.follow(PQsocket(connection_.get())))
    fail("no socket");
  else
    watch_.wait_write([self = shared_from_this()] { self->poll(); });
}

void connector::poll() {
  auto next = PQconnectPoll(connection_.get());
  if (next == PGRES_POLLING_FAILED) {
    fail_by_libpq();
  } else if (!watch_.follow(PQsocket(connection_.get()))) { // libpq may be at another address by now
    fail("no socket");
  } else if (next == PGRES_POLLING_READING) {
    watch_.wait_read([self = shared_from_this()] { self->poll(); });
  } else if (next == PGRES_POLLING_WRITING) {
    watch_.wait_write([self = shared_from_this()] { self->poll(); });
  } else if (PQserverVersion(connection_.get()) < oldest_server) {
    fail("the server is older than PostgreSQL 14");
  } else {
    PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
    // client_connection_check_interval: the server ends the work of a connection that we have closed.
    auto sql =
        fmt::format("SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false),"
                    " set_config('bytea_output', 'hex', false),"
                    " set_config('default_transaction_isolation', 'read committed', false),"
                    " set_config('client_connection_check_interval', '1s', false),"
                    " set_config('statement_timeout', '{}', false), set_config('lock_timeout', '{}', false)",
                    settings_.statement_timeout.count(), settings_.lock_timeout.count());
    if (PQsetnonblocking(connection_.get(), 1) != 0 || PQsendQuery(connection_.get(), sql.c_str()) == 0)
      fail_by_libpq();
    else
      await_settings();
  }
}

void connector::await_settings() {
  auto unsent = PQflush(connection_.get());
  if (unsent < 0) {
    fail_by_libpq();
    return;
  }
  watch_.wait_read([self = shared_from_this()] { self->read_settings(); });
  if (unsent > 0)
    watch_.wait_write([self = shared_from_this()] { self->await_settings(); });
}

void connector::read_settings() {
  auto* c = connection_.get();
  if (PQconsumeInput(c) == 0) {
    fail_by_libpq();
    return;
  }
  while (PQisBusy(c) == 0) {
    std::unique_ptr<PGresult, decltype(&PQclear)> got{PQgetResult(c), &PQclear};
    if (!got) {
      if (PQenterPipelineMode(c) == 0)
        fail_by_libpq();
      else
        finish(std::move(connection_), std::nullopt);
      return;
    }
    if (PQresultStatus(got.get()) != PGRES_TUPLES_OK) {
      auto why = failure_of(got.get());
      fail(why.text, why.sqlstate);
      return;
    }
  }
  await_settings();
}

void connector::fail_by_libpq() {
  auto why = login_failure(connection_.get());
  fail(why.text, why.sqlstate);
}

void connector::fail(std::string text, std::string sqlstate) {
  auto code = classify(sqlstate);
  finish(nullptr, failure{code, fate::not_sent, std::move(sqlstate), std::move(text)});
}

void connector::finish(connection_handle connection, std::optional<failure> why) {
  deadline_.cancel();
  resolver_.cancel();
  watch_.stop();
  connection_.reset();
  if (auto then = std::exchange(then_, nullptr))
    then(std::move(connection), std::move(why));
}

} // namespace tutti::services::postgres

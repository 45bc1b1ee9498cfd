#pragma once
#include "services/net/io_thread.hpp"
#include "services/postgres/pool.hpp"
#include "services/postgres_jobs/store.hpp"
#include "tests/support/postgres_server.hpp"

#include <cstddef>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

namespace tutti::tests {

/// The program's server. Its first use starts it.
postgres_server& shared_postgres();

/// A database with all tables and nothing in them, a copy of one that was migrated once. Gone with this
/// object; connections to it are cut.
class job_database {
public:
  /// `server` keeps no template: the tables are made in it.
  explicit job_database(postgres_server& server, bool migrate_here = false);
  ~job_database();
  job_database(const job_database&) = delete;
  job_database& operator=(const job_database&) = delete;
  std::string url() const { return server_.url(name_); }
  /// For a client that is to vanish: its own user.
  std::string url_of(const std::string& user);
  /// The user's connections are cut at once and it gets no new ones, as when its process is killed.
  void shut_out(const std::string& user);

private:
  postgres_server& server_;
  std::string name_;
};

/// A pool with a thread of its own.
struct database_client {
  explicit database_client(const std::string& url, std::size_t connections = 4);
  services::net::io_thread io{"pg-jobs-test"};
  services::postgres::pool pool;

  /// Waits for the answer; throws when it is an error.
  services::postgres::answer run(services::postgres::unit work);
  std::int64_t number(std::string_view sql);
};

/// A store under a parent of its own.
caf::actor start_postgres_store(caf::actor_system& system, runtime::actor::actor_table& table,
                                services::postgres::pool& pool, const runtime::jobs::store_options& options,
                                std::shared_ptr<runtime::jobs::job_observer> observer = nullptr);

} // namespace tutti::tests

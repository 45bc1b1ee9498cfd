#include "tests/services/postgres_jobs/database.hpp"

#include "services/postgres/migrations/migrations.hpp"

#include <chrono>
#include <future>
#include <stdexcept>
#include <utility>

#include <caf/event_based_actor.hpp>

namespace tutti::tests {
namespace {

namespace pg = services::postgres;
constexpr std::chrono::seconds patience{60};

template <class T>
T waited_for(std::future<T> future) {
  if (future.wait_for(patience) != std::future_status::ready)
    throw std::runtime_error("no answer");
  return future.get();
}

void migrate_all(const std::string& url) {
  database_client client{url, 1};
  auto done = std::make_shared<std::promise<pg::migrate_result>>();
  auto future = done->get_future();
  pg::migrate(client.pool, pg::migrations(), {},
              [done](pg::migrate_result r) { done->set_value(std::move(r)); });
  if (auto result = waited_for(std::move(future)); result.error)
    throw std::runtime_error(result.error->text);
}

void run_sql(postgres_server& server, const std::string& sql) {
  database_client client{server.url(), 1};
  pg::unit work;
  work.add({"", sql});
  client.run(std::move(work));
}

} // namespace

postgres_server& shared_postgres() {
  static postgres_server only;
  return only;
}

database_client::database_client(const std::string& url, std::size_t connections)
    : pool(io.context(), [&] {
        pg::pool_options options;
        options.url = url;
        options.connections = connections;
        options.backoff_max = options.queue_wait = std::chrono::milliseconds{1000};
        return options;
      }()) {}

pg::answer database_client::run(pg::unit work) {
  auto done = std::make_shared<std::promise<pg::answer>>();
  auto future = done->get_future();
  work.deadline = patience;
  pool.run(std::move(work), [done](pg::answer got) { done->set_value(std::move(got)); });
  auto got = waited_for(std::move(future));
  if (got.error)
    throw std::runtime_error(got.error->text);
  return got;
}

std::int64_t database_client::number(std::string_view sql) {
  return run(pg::unit{}.add({"", sql})).results.at(0)[0].get<std::int64_t>(0);
}

job_database::job_database(postgres_server& server, bool migrate_here) : server_(server) {
  static int count = 0;
  name_ = "jobs_" + std::to_string(++count);
  if (migrate_here) {
    run_sql(server_, "CREATE DATABASE " + name_);
    migrate_all(url());
    return;
  }
  static const bool made = [&] {
    run_sql(server, "CREATE DATABASE jobs_template");
    migrate_all(server.url("jobs_template"));
    return true;
  }();
  static_cast<void>(made);
  run_sql(server_, "CREATE DATABASE " + name_ + " TEMPLATE jobs_template");
}

job_database::~job_database() {
  try {
    run_sql(server_, "DROP DATABASE " + name_ + " WITH (FORCE)");
  } catch (const std::exception&) { // a server that was killed; its folder goes with it
  }
}

std::string job_database::url_of(const std::string& user) {
  run_sql(server_, "CREATE ROLE " + user + " LOGIN SUPERUSER");
  return server_.url_as(user, name_);
}

void job_database::shut_out(const std::string& user) {
  run_sql(server_, "ALTER ROLE " + user + " NOLOGIN");
  run_sql(server_, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + user + "'");
}

caf::actor start_postgres_store(caf::actor_system& system, runtime::actor::actor_table& table, pg::pool& pool,
                                const runtime::jobs::store_options& options,
                                std::shared_ptr<runtime::jobs::job_observer> observer) {
  std::promise<caf::actor> made;
  auto future = made.get_future();
  system.spawn([&](caf::event_based_actor* self) {
    made.set_value(services::postgres_jobs::spawn_postgres_store(*self, {&table, "/n/store", 0, {}}, pool,
                                                                 options, std::move(observer)));
  });
  return future.get();
}

} // namespace tutti::tests

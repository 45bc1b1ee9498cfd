#include "protocols/http_api/json_writer.hpp"
#include "runtime/config/load.hpp"
#include "runtime/telemetry/log.hpp"
#include "services/cli/commands/commands.hpp"
#include "services/cli/console/text.hpp"
#include "services/cli/failure.hpp"
#include "services/net/io_thread.hpp"
#include "services/postgres/migrations/migrations.hpp"

#include <future>

namespace tutti::services::cli {
namespace {

std::string database_url(const std::optional<std::string>& file) {
  runtime::config::load_options options;
  options.any_node = true;
  auto config = runtime::config::load(file, runtime::config::process_environment(), options);
  if (!config.ok()) {
    std::vector<std::string> mistakes;
    for (auto& m : config.mistakes)
      mistakes.push_back(runtime::config::to_string(m));
    throw failure("the configuration is not valid", exit_usage, mistakes);
  }
  if (config.settings.postgres.url.empty())
    throw failure("there is no database: set postgres.url in the file, or DATABASE_URL", exit_usage);
  return config.settings.postgres.url;
}

postgres::migrate_result migrate_and_wait(const std::string& url, bool check) {
  postgres::pool_options options;
  options.url = url;
  options.connections = 1;
  if (auto wrong = options.validate(); !wrong.empty())
    throw failure(wrong, exit_usage);
  runtime::telemetry::init({.threshold = runtime::telemetry::level::off}); // the failure says it all
  net::io_thread io{"migrate"};
  postgres::pool database{io.context(), options};
  std::promise<postgres::migrate_result> done;
  postgres::migrate(database, postgres::migrations(), {.check = check},
                    [&](postgres::migrate_result got) { done.set_value(std::move(got)); });
  return done.get_future().get(); // every step of it has a deadline
}

std::string as_json_text(const postgres::migrate_result& got, bool check) {
  std::string out;
  protocols::http_api::json_writer json{out};
  json.begin_object().member("ok", !got.error && !(check && !got.migrations.empty()));
  json.key(check ? "pending" : "applied").begin_array();
  for (auto& m : got.migrations)
    json.begin_object()
        .member("version", static_cast<std::int64_t>(m.version))
        .member("name", m.name)
        .end_object();
  json.end_array().end_object();
  return out;
}

} // namespace

int run_migrations(console& to, const std::optional<std::string>& config, bool check, bool as_json) {
  auto got = migrate_and_wait(database_url(config), check);
  if (as_json)
    to.raw(clean_json(as_json_text(got, check)) + "\n");
  else
    for (auto& m : got.migrations)
      to.line((check ? "pending " : "applied ") + std::string{m.name}, check ? tint::yellow : tint::green);
  if (got.error)
    throw failure(got.error->text);
  if (!as_json && got.migrations.empty())
    to.line("up to date: " + std::string{postgres::migrations().back().name});
  return check && !got.migrations.empty() ? exit_failed : exit_done;
}

} // namespace tutti::services::cli

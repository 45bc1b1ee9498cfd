#include "services/postgres/migrations/migrations.hpp"

#include <cstdint>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace tutti::services::postgres {
namespace {

using runtime::ec;

// Any number, but always the same one: "tutti" in ASCII.
constexpr std::int64_t migration_lock = 0x7475747469;

constexpr statement take_lock{"", "SELECT pg_advisory_xact_lock($1)"};
constexpr statement make_table{"",
                               "CREATE TABLE IF NOT EXISTS schema_migration (version integer PRIMARY KEY,"
                               " name text NOT NULL, checksum text NOT NULL, applied_at bigint NOT NULL)"};
constexpr statement table_there{"", "SELECT to_regclass('schema_migration') IS NOT NULL"};
constexpr statement read_applied{"", "SELECT version, name, checksum FROM schema_migration ORDER BY version"};
constexpr statement note_applied{"", "INSERT INTO schema_migration VALUES ($1, $2, $3,"
                                     " (extract(epoch FROM clock_timestamp()) * 1000)::bigint)"};

std::vector<applied_migration> applied_in(const result& rows) {
  std::vector<applied_migration> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back({rows[i].get<int>(0), rows[i].get<std::string>(1), rows[i].get<std::string>(2)});
  return out;
}

/// One call of migrate().
class migrator : public std::enable_shared_from_this<migrator> {
public:
  migrator(pool& database, std::span<const migration> known, migrate_options options,
           std::function<void(migrate_result)> then)
      : database_(database), known_(known), options_(options), then_(std::move(then)) {}

  void check() {
    database_.run(unit{}.add(table_there), [self = shared_from_this()](answer got) {
      if (got.ok() && got.results[0][0].get<bool>(0))
        self->check_rows();
      else
        self->checked(std::move(got.error), {});
    });
  }

  /// Looks again before each, under the lock: another node may have been quicker.
  void next() {
    transaction_options limits;
    limits.deadline = options_.lock_wait + options_.statement_timeout;
    limits.statement_timeout = options_.statement_timeout;
    limits.lock_timeout = options_.lock_wait;
    database_.begin(limits, [self = shared_from_this()](auto begun, auto why) {
      if (why)
        self->finish(std::move(why));
      else
        self->look(begun);
    });
  }

private:
  using transaction_ptr = std::shared_ptr<transaction>;

  void check_rows() {
    database_.run(unit{}.add(read_applied), [self = shared_from_this()](answer got) {
      auto rows = got.ok() ? applied_in(got.results[0]) : std::vector<applied_migration>{};
      self->checked(std::move(got.error), rows);
    });
  }

  void checked(std::optional<failure> why, const std::vector<applied_migration>& rows) {
    auto to_do = why ? migration_plan{} : plan(known_, rows);
    out_.migrations = std::move(to_do.pending);
    finish(why ? std::move(why) : std::move(to_do.error));
  }

  void look(const transaction_ptr& begun) {
    begun->run(unit{}.add(take_lock, migration_lock).add(make_table).add(read_applied),
               [self = shared_from_this(), begun](answer got) {
                 if (!got.ok()) {
                   self->finish(std::move(got.error));
                   return;
                 }
                 auto to_do = plan(self->known_, applied_in(got.results[2]));
                 if (to_do.error || to_do.pending.empty())
                   begun->rollback(
                       [self, why = std::move(to_do.error)](const answer&) { self->finish(why); });
                 else
                   self->apply(begun, to_do.pending.front());
               });
  }

  void apply(const transaction_ptr& begun, const migration& one) {
    begun->run_script(std::string{one.sql}, [self = shared_from_this(), begun, one](answer got) {
      if (!got.ok()) {
        self->failed(one, std::move(*got.error));
        return;
      }
      begun->run(unit{}.add(note_applied, one.version, one.name, one.checksum), [](const answer&) {});
      begun->commit([self, one](answer committed) { // and tells what the INSERT has met
        if (!committed.ok()) {
          self->failed(one, std::move(*committed.error));
          return;
        }
        self->out_.migrations.push_back(one);
        self->next();
      });
    });
  }

  void failed(const migration& one, failure why) {
    why.text = fmt::format("migration {}: {}", one.name, why.text);
    finish(std::move(why));
  }

  void finish(std::optional<failure> why) {
    out_.error = std::move(why);
    then_(std::move(out_));
  }

  pool& database_;
  const std::span<const migration> known_;
  const migrate_options options_;
  const std::function<void(migrate_result)> then_;
  migrate_result out_;
};

} // namespace

migration_plan plan(std::span<const migration> known, const std::vector<applied_migration>& applied) {
  auto refuse = [](std::string text) {
    return migration_plan{{}, failure{ec::rejected, fate::rolled_back, {}, std::move(text)}};
  };
  migration_plan out;
  auto next = applied.begin();
  for (auto& one : known) {
    if (next == applied.end() || next->version > one.version) {
      out.pending.push_back(one);
      continue;
    }
    if (next->version != one.version)
      break;
    if (next->checksum != one.checksum)
      return refuse(
          fmt::format("migration {} was changed after it had been applied to this database (as {}): "
                      "this binary is not of the same line of releases",
                      one.name, next->name));
    ++next;
  }
  if (next != applied.end())
    return refuse(
        fmt::format("the database is newer than this binary: it has migration {} ({}), the binary ends "
                    "with {}",
                    next->version, next->name, known.empty() ? 0 : known.back().version));
  return out;
}

void migrate(pool& database, std::span<const migration> known, migrate_options options,
             std::function<void(migrate_result)> then) {
  auto work = std::make_shared<migrator>(database, known, options, std::move(then));
  if (options.check)
    work->check();
  else
    work->next();
}

} // namespace tutti::services::postgres

#pragma once
#include "services/postgres/pool.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::services::postgres {

/// One file of services/postgres/migrations, part of the binary. Once released it never changes.
struct migration {
  int version;
  std::string_view name;     ///< of the file, without .sql
  std::string_view checksum; ///< SHA-256 of the file, hex
  std::string_view sql;
};

/// All of this binary's, by version: 1, 2, 3 …
std::span<const migration> migrations() noexcept;

/// A row of schema_migration.
struct applied_migration {
  int version = 0;
  std::string name, checksum;
};

/// What the database lacks, or why it and this binary do not go together: a migration that was changed after
/// it had been applied, or one that this binary does not know (ec::rejected).
struct migration_plan {
  std::vector<migration> pending;
  std::optional<failure> error;
};
migration_plan plan(std::span<const migration> known, const std::vector<applied_migration>& applied);

struct migrate_options {
  bool check = false;                          ///< change nothing
  std::chrono::milliseconds lock_wait{60'000}; ///< for another node that migrates
  std::chrono::milliseconds statement_timeout{600'000};
};
struct migrate_result {
  std::vector<migration> migrations; ///< applied by this call, also when it failed later; with check: pending
  std::optional<failure> error;
};

/// Applies what is pending, each in a transaction of its own that holds one advisory lock, so that any number
/// of nodes may do this at once. The pool must outlive the callback, which comes once, on the I/O thread.
void migrate(pool& database, std::span<const migration> known, migrate_options options,
             std::function<void(migrate_result)> then);

} // namespace tutti::services::postgres

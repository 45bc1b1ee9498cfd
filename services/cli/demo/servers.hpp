#pragma once
#include "services/cli/console/signals.hpp"
#include "services/cli/demo/child_process.hpp"
#include "services/cli/demo/surroundings.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace tutti::services::cli {

/// A Redis and a PostgreSQL for the demo alone: in its folder, on free ports of 127.0.0.1, with passwords of
/// their own.
class demo_servers {
public:
  /// Throws `failure` when a program is missing, with what to install.
  explicit demo_servers(std::filesystem::path folder);
  ~demo_servers() { stop(); }
  demo_servers(const demo_servers&) = delete;
  demo_servers& operator=(const demo_servers&) = delete;

  /// Makes the database, starts both and waits until they answer. Throws `failure`.
  void start(signals& stop);
  void stop() noexcept;

  const std::string& redis_url() const noexcept { return redis_url_; }
  const std::string& postgres_url() const noexcept { return postgres_url_; }
  std::string summary() const;
  /// For failures: what of it has ended, with the end of its log.
  std::vector<std::string> troubles() const;

private:
  void start_redis(const sigset_t& mask);
  void make_database(signals& stop);
  void start_postgres(const sigset_t& mask);

  std::filesystem::path folder_, redis_program_, initdb_program_, postgres_program_;
  std::optional<account> postgres_account_; ///< when we are root, which PostgreSQL refuses
  free_ports ports_{{0, 0}};                ///< of Redis and PostgreSQL
  std::string redis_url_, postgres_url_;
  std::unique_ptr<child_process> redis_, initdb_, postgres_;
};

} // namespace tutti::services::cli

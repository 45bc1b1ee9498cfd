#pragma once
#include "services/cli/client/api.hpp"
#include "services/cli/console/signals.hpp"
#include "services/cli/demo/child_process.hpp"
#include "services/cli/demo/servers.hpp"
#include "services/cli/demo/surroundings.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tutti::services::cli {

/// How long a node may be silent before others take over what it has.
inline constexpr std::chrono::milliseconds demo_lease_ttl{2000};
/// The same for its jobs.
inline constexpr std::chrono::milliseconds demo_claim_ttl{2000};
/// Few enough that jobs wait for each other: then priorities and bars have something to show.
inline constexpr int demo_concurrency = 64;

/// Nodes a, b and c of one config, each a process of this program's own binary.
class demo_cluster {
public:
  struct node {
    std::string name, url;
    std::unique_ptr<child_process> process;
    std::unique_ptr<http_client> client;
    std::unique_ptr<api> talk;
    bool killed = false; ///< by us

    bool lives() const { return process && !process->ended(); }
  };

  /// Writes the config and the certificates into the folder, applies the migrations. `first_port` of three
  /// for HTTP; 0: 3000, or whatever is free. Throws `failure`.
  demo_cluster(std::filesystem::path folder, const demo_servers& servers, std::uint16_t first_port,
               signals& stop);

  /// Starts one, and returns at once.
  void start(const std::string& name);
  /// SIGKILL.
  void kill(const std::string& name);
  /// SIGTERM to all; fails unless each of them ends well.
  void stop();

  std::vector<node>& nodes() noexcept { return nodes_; }
  node& at(const std::string& name);
  /// The first one that lives, and is not `but`. Throws `failure` when none does.
  node& living(const std::string& but = {});
  /// Throws `failure` when one has ended that was not killed.
  void must_live();

  const std::string& token() const noexcept { return token_; }
  /// "3000 was taken, so a is on 40123" for each.
  const std::vector<std::string>& moved_ports() const noexcept { return moved_ports_; }
  std::vector<std::string> troubles() const;

private:
  void migrate(const demo_servers& servers);
  void write_config();

  std::filesystem::path folder_;
  signals& stop_;
  std::string token_;
  std::vector<std::string> environment_, moved_ports_;
  free_ports http_ports_, node_ports_;
  std::vector<node> nodes_;
};

} // namespace tutti::services::cli

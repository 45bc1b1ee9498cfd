#pragma once
#include "runtime/config/settings.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// From a TOML file and the environment to checked settings, and from any mistake to one clear line.
namespace tutti::runtime::config {

using environment = std::map<std::string, std::string, std::less<>>;

/// The process's environment. Reads `environ`: call it before threads start.
environment process_environment();

struct load_options {
  /// The [[node]] to be; empty: TUTTI_NODE_NAME, else the only one there is.
  std::string node;
  /// For `config check`: no node needs to be chosen, all of the file is checked.
  bool any_node = false;
  /// Whether stderr is a terminal: decides the default of log.format.
  bool terminal = false;
  /// TUTTI_* variables that somebody else reads, so that they are no mistakes.
  std::vector<std::string> foreign_variables{"TUTTI_CONFIG", "TUTTI_URL", "TUTTI_TOKEN", "TUTTI_ENV"};
};

struct mistake {
  std::string key; ///< "http.threads"; empty when it is about a whole file
  std::string
      where; ///< "cluster.toml:12", "cluster.toml:3:7", "environment REDIS_URL", "command line" or "default"
  std::string text; ///< never contains a secret
};
/// "cluster.toml:12: http.threads: …"
std::string to_string(const mistake& m);

/// Where a value comes from.
struct origin {
  std::string key;
  std::string value; ///< as text; secrets as ***
  std::string
      source; ///< "default", "cluster.toml:12", "environment REDIS_URL", "file /run/x (REDIS_URL_FILE)"
};

struct loaded {
  config::settings settings;
  node_settings node;            ///< this node's own
  std::vector<origin> origins;   ///< of every key, in the order of the file's sections
  std::vector<mistake> mistakes; ///< all of them; empty: the rest may be used

  bool ok() const noexcept { return mistakes.empty(); }
};

/// Defaults, then the file, then the environment: the later wins. Without a file, or with one that has no
/// [[node]], there is one embedded node: 127.0.0.1, http on 127.0.0.1:3000, all roles, everything in memory.
/// An empty variable counts as not set. Does not throw but for lack of memory.
loaded load(const std::optional<std::filesystem::path>& file, const environment& env,
            const load_options& options);

/// Every secret among the settings: tokens, keys, the passwords within URLs and within lavalink.nodes.
std::vector<std::string> secret_values(const settings& s);

/// The 32 bytes of token_store.encryption_key: 64 hex digits, or base64 (either alphabet, padding optional).
std::optional<std::array<std::uint8_t, 32>> decode_key(std::string_view text);

/// "250ms", "5s", "10m", "24h", "7d": a whole number and one unit, up to 10 years.
std::optional<milliseconds> parse_duration(std::string_view text);
/// The shortest form that parse_duration() reads back.
std::string format_duration(milliseconds d);

/// "host:port", "[::1]:port"
std::optional<endpoint> parse_endpoint(std::string_view text);
std::string to_string(const endpoint& e);
/// localhost, 127.0.0.0/8 or ::1
bool is_loopback(std::string_view host);

/// Names as in the file: "encrypted-file", "warn", "api" …
std::string_view to_string(provider v) noexcept;
std::string_view to_string(store_provider v) noexcept;
std::string_view to_string(token_provider v) noexcept;
std::string_view to_string(tls_mode v) noexcept;
std::string_view to_string(log_level v) noexcept;
std::string_view to_string(log_format v) noexcept;
std::string_view to_string(role v) noexcept;

} // namespace tutti::runtime::config

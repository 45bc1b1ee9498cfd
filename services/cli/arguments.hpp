#pragma once
#include "services/cli/client/http_client.hpp"
#include "services/cli/commands/commands.hpp"
#include "services/cli/demo/demo.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tutti::services::cli {

/// A command line, understood.
struct arguments {
  enum class kind : std::uint8_t {
    text, ///< help or the version, already written
    node,
    config_check,
    demo,
    migrate,
    talk, ///< everything that asks a node
  };
  kind what = kind::text;
  std::string text;
  std::optional<std::string> config;
  std::string name;   ///< of the node
  bool check = false; ///< migrate: change nothing
  demo_options demo;
  http_options connection;
  bool as_json = false;
  std::function<int(context&)> talk;
};

/// Throws `failure` with exit_usage for what nobody can mean. Reads TUTTI_URL, TUTTI_TOKEN and
/// ADMIN_API_TOKEN.
arguments read_arguments(const std::vector<std::string>& given);

} // namespace tutti::services::cli

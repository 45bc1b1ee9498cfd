#pragma once
#include <optional>
#include <string>

namespace tutti::services::node {

/// Exit codes of the process.
inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;      ///< bad arguments or config
inline constexpr int exit_escalated = 70; ///< the top supervisor gave up

/// `tutti node`: runs a node until SIGTERM or SIGINT, then drains it. Must be called before any thread is
/// started.
int run_node(const std::optional<std::string>& config_file, const std::string& name);

} // namespace tutti::services::node

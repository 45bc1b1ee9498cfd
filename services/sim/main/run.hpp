#pragma once
#include "services/sim/main/options.hpp"

#include <string>
#include <vector>

namespace tutti::services::sim {

/// Serves until SIGTERM or SIGINT. The exit code: 0 done, 1 cannot listen, 2 usage.
int run(const std::vector<std::string>& arguments);

} // namespace tutti::services::sim

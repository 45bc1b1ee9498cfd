#pragma once
#include "services/cli/console/console.hpp"

#include <cstdint>

namespace tutti::services::cli {

struct demo_options {
  bool once = false;      ///< ends after the tour
  std::uint16_t port = 0; ///< first of three for HTTP; 0: 3000 to 3002, where those are taken any free ones
};

/// `tutti demo`: a Redis, a PostgreSQL and a cluster of three nodes as child processes, a tour that checks
/// what it shows, and then, unless `once`, the cluster to play with until Ctrl-C. Nothing of it outlives this
/// process.
int run_demo(console& to, const demo_options& with);

} // namespace tutti::services::cli

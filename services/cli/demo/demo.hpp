#pragma once
#include "services/cli/console/console.hpp"

#include <cstdint>

namespace tutti::services::cli {

struct demo_options {
  bool once = false;      ///< ends after the tour
  std::uint16_t port = 0; ///< 0: any free one
};

/// `tutti demo`: a node of its own as a child process, a tour that checks what it shows, and then, unless
/// `once`, the node to play with until Ctrl-C.
int run_demo(console& to, const demo_options& with);

} // namespace tutti::services::cli

#pragma once
#include "services/sim/discord/options.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tutti::services::sim {

struct address {
  std::string host;
  std::uint16_t port = 0;
};

struct sim_options {
  bool help = false;
  std::optional<discord::discord_options> discord; ///< nothing: it is not served
  std::optional<address> control;
  std::uint64_t seed = 1;
};

extern const char usage[];

/// `error` says what is wrong with the arguments; empty: nothing.
struct read_options {
  sim_options options;
  std::string error;
};
read_options parse_options(const std::vector<std::string>& arguments);

} // namespace tutti::services::sim

#pragma once
#include "services/sim/discord/model/world.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tutti::services::sim::discord {

struct discord_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;                       ///< 0 picks one
  std::vector<std::string> tokens{"sim-token"}; ///< a bot each
  std::uint64_t shards = 1;                     ///< recommended by GET /gateway/bot
  std::uint64_t max_concurrency = 1;
  std::uint64_t session_starts = 1000; ///< in 24 hours
  std::chrono::milliseconds heartbeat{41'250};
  std::chrono::milliseconds resume_window{180'000}; ///< how long a session outlives its connection
  std::size_t replay_events = 10'000;               ///< a session
  std::size_t replay_bytes = 16 * 1024 * 1024;      ///< a session
  std::chrono::milliseconds voice_delay_min{300};
  std::chrono::milliseconds voice_delay_max{800};
  std::chrono::milliseconds identify_within{45'000}; ///< of the Hello
  world_options world;
};

} // namespace tutti::services::sim::discord

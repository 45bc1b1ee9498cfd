#pragma once
#include "services/sim/discord/core.hpp"
#include "services/sim/discord/rules/replay_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tutti::services::sim::discord {

class gateway_connection;

/// What READY began: it outlives its connections.
struct session {
  std::string id;
  std::string voice_id; ///< of all its voice states
  bot* owner = nullptr;
  std::uint64_t shard = 0;
  std::uint64_t shards = 1;
  std::uint64_t intents = 0;
  std::uint64_t number = 0; ///< of the identify: later ones are greater
  replay_buffer sent;
  std::uint64_t acknowledged = 0;
  std::size_t next_guild = 0; ///< whose GUILD_CREATE comes next; the number of guilds: all are out
  std::weak_ptr<gateway_connection> connection;
  steady_time detached_at{};
  std::size_t lose = 0; ///< dispatches still to be kept from the connection
  int lose_code = 0;    ///< what then closes it; 0: no close frame
  bool reorder = false; ///< the next resume mixes live events into the replay

  bool covers(std::uint64_t guild) const noexcept { return (guild >> 22) % shards == shard; }
  bool wants(unsigned intent) const noexcept { return (intents >> intent & 1) != 0; }
};

/// Bits of `intents`.
namespace intent {
inline constexpr unsigned guilds = 0;
inline constexpr unsigned guild_members = 1;
inline constexpr unsigned voice_states = 7;
inline constexpr unsigned presences = 8;
inline constexpr unsigned messages = 9;
inline constexpr unsigned message_content = 15;
} // namespace intent

} // namespace tutti::services::sim::discord

#pragma once
#include "protocols/discord/gateway/ready.hpp"
#include "protocols/discord/snowflake.hpp"
#include "protocols/json/outcome.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What we send to the gateway, as JSON text. Errors: a field that is out of its bounds, or a frame that
/// would be too long; they never hold a token.
namespace tutti::protocols::discord {

/// Beyond it the server closes with 4002.
inline constexpr std::size_t max_sent_frame_bytes = 4096;

struct presence {
  enum class status : std::uint8_t { online, idle, dnd, invisible };
  enum class activity : std::uint8_t { playing = 0, listening = 2, watching = 3, competing = 5 };

  status shown = status::online;
  std::string activity_name; ///< at most 128 characters; empty: none
  activity kind = activity::listening;
};

struct identify {
  std::string token; ///< without "Bot"
  std::uint32_t intents = 0;
  shard_ref shard;
  std::optional<presence> shown;
};

struct resume {
  std::string token;
  std::string session_id;
  std::int64_t seq = 0;
};

/// Joins, moves to or leaves a voice channel.
struct voice_state_request {
  guild_id guild;
  std::optional<channel_id> channel; ///< nothing: leave
  bool self_mute = false;
  bool self_deaf = true;
};

json::outcome<std::string> encode(const identify& x);
json::outcome<std::string> encode(const resume& x);
json::outcome<std::string> encode(const voice_state_request& x);
json::outcome<std::string> encode(const presence& x);

/// `seq` is the last one that was received.
std::string encode_heartbeat(std::optional<std::int64_t> seq);

} // namespace tutti::protocols::discord

#pragma once
#include "protocols/discord/snowflake.hpp"
#include "protocols/json/outcome.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tutti::protocols::discord {

/// Who is in which voice channel.
struct voice_state {
  guild_id guild;                    ///< in a GUILD_CREATE: that guild
  std::optional<channel_id> channel; ///< nothing: has left
  user_id user;
  std::string session_id;
  bool deaf = false, mute = false;           ///< by the guild
  bool self_deaf = false, self_mute = false; ///< by the user
  bool suppress = false;                     ///< on a stage: in the audience
  bool bot = false;                          ///< as far as the event says so

  bool operator==(const voice_state&) const = default;
};

/// Also the answer to GET /guilds/{guild}/voice-states/{user}, then with root "".
json::outcome<voice_state> decode_voice_state(std::string_view d, std::string_view root = "d");

/// Where the bot's voice connection goes. The token is a secret.
struct voice_server {
  guild_id guild;
  std::string token;
  std::optional<std::string> endpoint; ///< "host:port"; nothing: the server is gone, wait for the next event
};

json::outcome<voice_server> decode_voice_server(std::string_view d);

} // namespace tutti::protocols::discord

#pragma once
#include "protocols/discord/channel_type.hpp"
#include "protocols/discord/gateway/voice.hpp"
#include "protocols/discord/permissions.hpp"
#include "protocols/discord/snowflake.hpp"
#include "protocols/json/outcome.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Guilds, channels, roles and the bot's own membership, as far as a music bot needs them.
namespace tutti::protocols::discord {

struct channel {
  channel_id id;
  guild_id guild; ///< none in a direct message
  channel_type type = channel_type::guild_text;
  std::string name;
  std::optional<channel_id> parent; ///< the category
  std::uint32_t user_limit = 0;     ///< of a voice channel; 0: none
  std::vector<overwrite> overwrites;

  bool is_voice() const noexcept {
    return type == channel_type::guild_voice || type == channel_type::guild_stage_voice;
  }
  bool operator==(const channel&) const = default;
};

/// The bot's own membership.
struct own_member {
  std::vector<role_id> roles;                     ///< without @everyone
  std::optional<std::int64_t> timed_out_until_ms; ///< since 1970; may have passed

  bool operator==(const own_member&) const = default;
};

struct guild {
  guild_id id;
  std::string name;
  user_id owner;
  std::vector<role> roles;

  bool operator==(const guild&) const = default;
};

struct guild_create {
  guild info;
  bool unavailable = false; ///< an outage: of the rest, only the id is known
  std::int64_t member_count = 0;
  std::vector<channel> channels; ///< without threads
  std::vector<voice_state> voice_states;
  std::optional<own_member> self; ///< nothing when it is not among the members that came along
};

/// `self` is the bot's user.
json::outcome<guild_create> decode_guild_create(std::string_view d, user_id self);
/// Also the answer to GET /guilds/{guild}, then with root "".
json::outcome<guild> decode_guild_update(std::string_view d, std::string_view root = "d");

struct guild_delete {
  guild_id id;
  bool unavailable = false; ///< an outage; else the bot was removed

  bool operator==(const guild_delete&) const = default;
};
json::outcome<guild_delete> decode_guild_delete(std::string_view d);

/// Of CHANNEL_CREATE, CHANNEL_UPDATE and CHANNEL_DELETE.
json::outcome<channel> decode_channel(std::string_view d);

/// Of GUILD_ROLE_CREATE and GUILD_ROLE_UPDATE.
struct role_change {
  guild_id guild;
  role changed;
};
json::outcome<role_change> decode_role_change(std::string_view d);

struct role_delete {
  guild_id guild;
  role_id id;
};
json::outcome<role_delete> decode_role_delete(std::string_view d);

/// Without the members intent it comes for the bot itself only.
struct member_update {
  guild_id guild;
  user_id user;
  own_member member;
};
json::outcome<member_update> decode_member_update(std::string_view d);

} // namespace tutti::protocols::discord

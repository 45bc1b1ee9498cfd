#pragma once
#include <cstdint>
#include <string_view>

namespace tutti::protocols::discord {

/// The dispatches that something here reads or counts.
enum class event : std::uint8_t {
  other, ///< of no concern
  ready,
  resumed,
  guild_create,
  guild_update,
  guild_delete,
  guild_member_update,
  guild_role_create,
  guild_role_update,
  guild_role_delete,
  channel_create,
  channel_update,
  channel_delete,
  voice_state_update,
  voice_server_update,
  interaction_create,
  message_create,
};

event event_of(std::string_view name) noexcept;

/// "GUILD_CREATE"; "other".
std::string_view name_of(event which) noexcept;

} // namespace tutti::protocols::discord

#pragma once
#include <cstdint>

namespace tutti::protocols::discord {

/// What a session wants to be told. The privileged ones must be enabled for the application, else 4014.
enum class intent : std::uint32_t {
  guilds = 1u << 0,
  guild_members = 1u << 1, ///< privileged
  guild_moderation = 1u << 2,
  guild_expressions = 1u << 3,
  guild_integrations = 1u << 4,
  guild_webhooks = 1u << 5,
  guild_invites = 1u << 6,
  guild_voice_states = 1u << 7,
  guild_presences = 1u << 8, ///< privileged
  guild_messages = 1u << 9,
  guild_message_reactions = 1u << 10,
  guild_message_typing = 1u << 11,
  direct_messages = 1u << 12,
  direct_message_reactions = 1u << 13,
  direct_message_typing = 1u << 14,
  message_content = 1u << 15, ///< privileged
  guild_scheduled_events = 1u << 16,
  auto_moderation_configuration = 1u << 20,
  auto_moderation_execution = 1u << 21,
  guild_message_polls = 1u << 24,
  direct_message_polls = 1u << 25,
};

constexpr std::uint32_t operator|(intent a, intent b) noexcept {
  return static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b);
}

/// Guilds, channels, roles and who is in which voice channel; interactions come without an intent.
inline constexpr std::uint32_t music_intents = intent::guilds | intent::guild_voice_states;

} // namespace tutti::protocols::discord

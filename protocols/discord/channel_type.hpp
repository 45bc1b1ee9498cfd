#pragma once
#include <cstdint>

namespace tutti::protocols::discord {

/// Numbers of Discord's; others exist and are kept.
enum class channel_type : std::uint8_t {
  guild_text = 0,
  direct_message = 1,
  guild_voice = 2,
  guild_category = 4,
  guild_announcement = 5,
  guild_stage_voice = 13,
};

} // namespace tutti::protocols::discord

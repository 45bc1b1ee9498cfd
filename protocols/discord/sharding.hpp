#pragma once
#include "protocols/discord/snowflake.hpp"

#include <cstdint>

/// Which shard has what (discord-gateway, "Sharding").
namespace tutti::protocols::discord {

/// `count` must not be 0. Events without a guild come to shard 0.
constexpr std::uint32_t shard_of(guild_id guild, std::uint32_t count) noexcept {
  return static_cast<std::uint32_t>((guild.value >> 22) % count);
}

/// Shards of one bucket identify one after the other, 5 s apart. `max_concurrency` must not be 0.
constexpr std::uint32_t identify_bucket(std::uint32_t shard, std::uint32_t max_concurrency) noexcept {
  return shard % max_concurrency;
}

/// At most so many guilds may be on a shard: close code 4011 otherwise.
inline constexpr std::uint32_t max_guilds_per_shard = 2500;

} // namespace tutti::protocols::discord

#pragma once
#include "protocols/discord/snowflake.hpp"
#include "protocols/json/outcome.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::protocols::discord {

/// Which shard of how many.
struct shard_ref {
  std::uint32_t id = 0;
  std::uint32_t count = 1;

  bool operator==(const shard_ref&) const = default;
};

/// A session has begun. A GUILD_CREATE will follow for each guild.
struct ready {
  user_id user;
  std::string username;
  application_id application;
  std::string session_id;
  std::string resume_gateway_url;
  std::optional<shard_ref> shard;
  std::vector<guild_id> guilds;
};

json::outcome<ready> decode_ready(std::string_view d);

} // namespace tutti::protocols::discord

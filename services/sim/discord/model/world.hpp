#pragma once
#include "services/sim/base/json.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tutti::services::sim::discord {

inline constexpr std::uint64_t first_guild = 700'000'000'000'000'001;
inline constexpr std::uint64_t first_channel = 720'000'000'000'000'000; ///< + guild's index * 1000 + slot
inline constexpr std::uint64_t first_role = 730'000'000'000'000'000;    ///< likewise
inline constexpr std::uint64_t first_bot = 800'000'000'000'000'001;
inline constexpr std::uint64_t first_user = 900'000'000'000'000'001;

struct world_options {
  std::size_t bots = 1;
  std::size_t guilds = 1;
  std::uint64_t guild_step = 1; ///< between their ids; 4194304 puts neighbours into different shards
  std::size_t users = 100;
  std::size_t channels = 8;     ///< a guild, the named ones included
  std::size_t roles = 4;        ///< a guild, the named ones included
  std::size_t voice_states = 0; ///< a guild, of its first users, from the start
};

/// What stands at a channel's slot; past the last it is one more text channel.
enum class channel_slot : std::size_t { general, lounge, music, small, locked, stage, hidden, afk };

struct voice_state {
  std::uint64_t channel = 0;
  std::string session_id;
  bool self_mute = false;
  bool self_deaf = false;
  bool suppress = false;
  std::string request_to_speak; ///< empty: null
};

struct guild {
  std::uint64_t id = 0;
  std::size_t index = 0;
  std::map<std::uint64_t, voice_state> voice; ///< by user or bot
};

/// The guilds, their channels, roles and members, and who is in which voice channel. Channels and roles
/// follow from the guild's index, so that thousands of guilds cost little.
class world {
public:
  explicit world(const world_options& options);

  const world_options& options() const noexcept { return options_; }
  std::vector<guild>& guilds() noexcept { return guilds_; }
  const std::vector<guild>& guilds() const noexcept { return guilds_; }
  guild* find_guild(std::uint64_t id) noexcept;
  const guild* find_guild(std::uint64_t id) const noexcept;

  std::uint64_t channel_id(const guild& in, channel_slot slot) const noexcept;
  bool has_channel(const guild& in, std::uint64_t channel) const noexcept;
  guild* guild_of_channel(std::uint64_t channel) noexcept;
  bool is_bot(std::uint64_t user) const noexcept;
  bool is_member(std::uint64_t user) const noexcept;

  /// 0 unlimited.
  std::size_t user_limit(std::uint64_t channel) const noexcept;
  bool is_voice(std::uint64_t channel) const noexcept; ///< or a stage
  bool is_stage(std::uint64_t channel) const noexcept;
  std::uint64_t permissions(const guild& in, std::uint64_t user) const noexcept;
  std::uint64_t permissions(const guild& in, std::uint64_t user, std::uint64_t channel) const noexcept;
  std::size_t listeners(const guild& in, std::uint64_t channel) const noexcept;

  json user(std::uint64_t id) const;
  json member(const guild& in, std::uint64_t user) const;
  json channel(const guild& in, std::uint64_t id) const;
  json role(const guild& in, std::size_t slot) const;
  /// With its guild_id and member, as in an event; GUILD_CREATE has neither.
  json voice_state_of(const guild& in, std::uint64_t user, const voice_state& state) const;
  json voice_state_body(std::uint64_t user, const voice_state& state) const;
  /// Fields that GET /guilds/{guild} and GUILD_CREATE share.
  json guild_body(const guild& in) const;
  /// The `d` of GUILD_CREATE for one bot.
  json guild_create(const guild& in, std::uint64_t bot) const;

private:
  static std::optional<std::size_t> slot_of(const guild& in, std::uint64_t channel) noexcept;

  world_options options_;
  std::vector<guild> guilds_;
  std::string joined_at_;
};

} // namespace tutti::services::sim::discord

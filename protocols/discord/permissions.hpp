#pragma once
#include "protocols/discord/snowflake.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::protocols::discord {

/// Bit numbers.
enum class permission : std::uint8_t {
  create_instant_invite = 0,
  kick_members = 1,
  ban_members = 2,
  administrator = 3,
  manage_channels = 4,
  manage_guild = 5,
  add_reactions = 6,
  view_audit_log = 7,
  priority_speaker = 8,
  stream = 9,
  view_channel = 10,
  send_messages = 11,
  send_tts_messages = 12,
  manage_messages = 13,
  embed_links = 14,
  attach_files = 15,
  read_message_history = 16,
  mention_everyone = 17,
  use_external_emojis = 18,
  view_guild_insights = 19,
  connect = 20,
  speak = 21,
  mute_members = 22,
  deafen_members = 23,
  move_members = 24, ///< also passes a full channel's user limit
  use_voice_activity = 25,
  change_nickname = 26,
  manage_nicknames = 27,
  manage_roles = 28,
  manage_webhooks = 29,
  manage_guild_expressions = 30,
  use_application_commands = 31,
  request_to_speak = 32,
  manage_events = 33,
  manage_threads = 34,
  create_public_threads = 35,
  create_private_threads = 36,
  use_external_stickers = 37,
  send_messages_in_threads = 38,
  use_embedded_activities = 39,
  moderate_members = 40,
  view_creator_monetization_analytics = 41,
  use_soundboard = 42,
  create_guild_expressions = 43,
  create_events = 44,
  use_external_sounds = 45,
  send_voice_messages = 46,
  set_voice_channel_status = 48,
  send_polls = 49,
  use_external_apps = 50,
  pin_messages = 51,
  bypass_slowmode = 52,
};

/// A set of permissions; bits that have no name yet are kept.
struct permission_set {
  std::uint64_t bits = 0;

  constexpr bool has(permission one) const noexcept { return bits >> static_cast<unsigned>(one) & 1; }
  constexpr bool has_all(permission_set others) const noexcept { return (bits & others.bits) == others.bits; }
  constexpr bool empty() const noexcept { return bits == 0; }
  bool operator==(const permission_set&) const = default;

  friend constexpr permission_set operator|(permission_set a, permission_set b) noexcept {
    return {a.bits | b.bits};
  }
  friend constexpr permission_set operator&(permission_set a, permission_set b) noexcept {
    return {a.bits & b.bits};
  }
  friend constexpr permission_set operator-(permission_set a, permission_set b) noexcept {
    return {a.bits & ~b.bits};
  }
};

inline constexpr permission_set all_permissions{~std::uint64_t{0}};

template <class... Permissions>
constexpr permission_set permissions_of(Permissions... each) noexcept {
  return {((std::uint64_t{1} << static_cast<unsigned>(each)) | ... | 0)};
}

/// From a decimal string, as Discord sends it; of a number over 64 bits the low 64, as it may grow. Nothing
/// when it is not a number of at most 64 digits.
std::optional<permission_set> parse_permissions(std::string_view text) noexcept;
std::string to_string(permission_set set);

/// "Connect, Speak": the names that Discord's client shows, for people.
std::string words(permission_set set);

/// What a channel says about one role or member.
struct overwrite {
  enum class target : std::uint8_t { role = 0, member = 1 };

  std::uint64_t id = 0; ///< of the role or user; @everyone is the guild's id
  target of = target::role;
  permission_set allow, deny;

  bool operator==(const overwrite&) const = default;
};

struct role {
  role_id id; ///< @everyone has the guild's id
  std::string name;
  permission_set permissions;

  bool operator==(const role&) const = default;
};

/// Whose permissions are wanted, and where.
struct permission_question {
  guild_id guild;
  user_id owner;                ///< the guild's
  std::span<const role> roles;  ///< the guild's
  user_id user;                 ///< the member
  std::span<const role_id> has; ///< the member's roles, without @everyone
  bool timed_out = false;       ///< `communication_disabled_until` lies in the future
};

/// What a member may do in the guild: the owner and administrators everything. A member in timeout, owner and
/// administrators aside, keeps View Channel and Read Message History.
permission_set guild_permissions(const permission_question& who) noexcept;

/// What a member may do in a channel with these overwrites, in Discord's order: @everyone's, then all of the
/// member's roles' denials and after them their grants, then the member's own. Who cannot view a channel can
/// do nothing in it.
permission_set channel_permissions(const permission_question& who,
                                   std::span<const overwrite> overwrites) noexcept;

} // namespace tutti::protocols::discord

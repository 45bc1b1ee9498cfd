#include "protocols/discord/permissions.hpp"

#include <algorithm>
#include <iterator>

namespace tutti::protocols::discord {
namespace {

constexpr std::string_view permission_names[] = {
    "Create Invite",
    "Kick Members",
    "Ban Members",
    "Administrator",
    "Manage Channels",
    "Manage Server",
    "Add Reactions",
    "View Audit Log",
    "Priority Speaker",
    "Video",
    "View Channel",
    "Send Messages",
    "Send Text-to-speech Messages",
    "Manage Messages",
    "Embed Links",
    "Attach Files",
    "Read Message History",
    "Mention Everyone",
    "Use External Emoji",
    "View Server Insights",
    "Connect",
    "Speak",
    "Mute Members",
    "Deafen Members",
    "Move Members",
    "Use Voice Activity",
    "Change Nickname",
    "Manage Nicknames",
    "Manage Roles",
    "Manage Webhooks",
    "Manage Expressions",
    "Use Application Commands",
    "Request to Speak",
    "Manage Events",
    "Manage Threads",
    "Create Public Threads",
    "Create Private Threads",
    "Use External Stickers",
    "Send Messages in Threads",
    "Use Activities",
    "Timeout Members",
    "View Creator Monetization Analytics",
    "Use Soundboard",
    "Create Expressions",
    "Create Events",
    "Use External Sounds",
    "Send Voice Messages",
    "",
    "Set Voice Channel Status",
    "Create Polls",
    "Use External Apps",
    "Pin Messages",
    "Bypass Slowmode",
};

constexpr permission_set in_timeout =
    permissions_of(permission::view_channel, permission::read_message_history);

bool unrestricted(const permission_question& who, permission_set base) noexcept {
  return (who.user && who.user == who.owner) || base.has(permission::administrator);
}

bool has_role(const permission_question& who, std::uint64_t id) noexcept {
  return std::find(who.has.begin(), who.has.end(), role_id{id}) != who.has.end();
}

permission_set role_permissions(const permission_question& who) noexcept {
  permission_set sum;
  for (auto& one : who.roles)
    if (one.id.value == who.guild.value || has_role(who, one.id.value))
      sum = sum | one.permissions;
  return sum;
}

} // namespace

std::optional<permission_set> parse_permissions(std::string_view text) noexcept {
  permission_set set;
  if (text.empty() || text.size() > 64)
    return std::nullopt;
  for (char c : text) {
    if (c < '0' || c > '9')
      return std::nullopt;
    set.bits = set.bits * 10 + static_cast<std::uint64_t>(c - '0'); // modulo 2^64: the low bits stay right
  }
  return set;
}

std::string to_string(permission_set set) {
  return std::to_string(set.bits);
}

std::string words(permission_set set) {
  std::string out;
  for (std::size_t bit = 0; bit < 64; ++bit) {
    if (!(set.bits >> bit & 1))
      continue;
    if (!out.empty())
      out += ", ";
    if (bit < std::size(permission_names) && !permission_names[bit].empty())
      out += permission_names[bit];
    else
      out += "permission " + std::to_string(bit);
  }
  return out;
}

permission_set guild_permissions(const permission_question& who) noexcept {
  auto base = role_permissions(who);
  if (unrestricted(who, base))
    return all_permissions;
  return who.timed_out ? base & in_timeout : base;
}

permission_set channel_permissions(const permission_question& who,
                                   std::span<const overwrite> overwrites) noexcept {
  auto set = role_permissions(who);
  if (unrestricted(who, set))
    return all_permissions;
  overwrite everyone, roles, own;
  for (auto& one : overwrites) {
    if (one.of == overwrite::target::member) {
      if (one.id == who.user.value)
        own = one;
    } else if (one.id == who.guild.value) {
      everyone = one;
    } else if (has_role(who, one.id)) {
      roles.allow = roles.allow | one.allow;
      roles.deny = roles.deny | one.deny;
    }
  }
  for (auto& step : {everyone, roles, own})
    set = (set - step.deny) | step.allow;
  if (!set.has(permission::view_channel))
    return {};
  return who.timed_out ? set & in_timeout : set;
}

} // namespace tutti::protocols::discord

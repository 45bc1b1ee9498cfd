#include "protocols/discord/gateway/event_names.hpp"

#include <cstddef>
#include <iterator>

namespace tutti::protocols::discord {
namespace {

constexpr std::string_view event_names[] = {
    "other",
    "READY",
    "RESUMED",
    "GUILD_CREATE",
    "GUILD_UPDATE",
    "GUILD_DELETE",
    "GUILD_MEMBER_UPDATE",
    "GUILD_ROLE_CREATE",
    "GUILD_ROLE_UPDATE",
    "GUILD_ROLE_DELETE",
    "CHANNEL_CREATE",
    "CHANNEL_UPDATE",
    "CHANNEL_DELETE",
    "VOICE_STATE_UPDATE",
    "VOICE_SERVER_UPDATE",
    "INTERACTION_CREATE",
    "MESSAGE_CREATE",
};
static_assert(std::size(event_names) == static_cast<std::size_t>(event::message_create) + 1);

} // namespace

event event_of(std::string_view name) noexcept {
  for (std::size_t i = 1; i < std::size(event_names); ++i)
    if (event_names[i] == name)
      return static_cast<event>(i);
  return event::other;
}

std::string_view name_of(event which) noexcept {
  return event_names[static_cast<std::size_t>(which)];
}

} // namespace tutti::protocols::discord

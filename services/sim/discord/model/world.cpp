#include "services/sim/discord/model/world.hpp"

#include "services/sim/discord/model/ids.hpp"
#include "services/sim/discord/model/permissions.hpp"

#include <algorithm>

namespace tutti::services::sim::discord {
namespace {

constexpr std::uint64_t slots_a_guild = 1000;

std::size_t channel_slot_number(std::uint64_t channel) {
  return (channel - first_channel) % slots_a_guild;
}

bool stands_at(std::uint64_t channel, channel_slot slot) {
  return channel >= first_channel && channel_slot_number(channel) == static_cast<std::size_t>(slot);
}

} // namespace

world::world(const world_options& options)
    : options_(options), joined_at_("2026-01-02T03:04:05.000000+00:00") {
  options_.channels = std::clamp<std::size_t>(options_.channels, 8, slots_a_guild - 1);
  options_.roles = std::clamp<std::size_t>(options_.roles, 4, 250);
  options_.voice_states = std::min(options_.voice_states, options_.users);
  guilds_.resize(options_.guilds);
  for (std::size_t i = 0; i < guilds_.size(); ++i) {
    auto& one = guilds_[i];
    one.id = first_guild + i * options_.guild_step;
    one.index = i;
    for (std::size_t u = 0; u < options_.voice_states; ++u)
      one.voice[first_user + u] = {channel_id(one, channel_slot::lounge), "00000000000000000000000000000000"};
  }
}

guild* world::find_guild(std::uint64_t id) noexcept {
  return const_cast<guild*>(static_cast<const world*>(this)->find_guild(id));
}

const guild* world::find_guild(std::uint64_t id) const noexcept {
  if (id < first_guild || (id - first_guild) % options_.guild_step != 0)
    return nullptr;
  auto index = (id - first_guild) / options_.guild_step;
  return index < guilds_.size() ? &guilds_[index] : nullptr;
}

std::uint64_t world::channel_id(const guild& in, channel_slot slot) const noexcept {
  return first_channel + in.index * slots_a_guild + static_cast<std::size_t>(slot);
}

std::optional<std::size_t> world::slot_of(const guild& in, std::uint64_t channel) noexcept {
  auto first = first_channel + in.index * slots_a_guild;
  if (channel < first || channel >= first + slots_a_guild)
    return std::nullopt;
  return channel - first;
}

bool world::has_channel(const guild& in, std::uint64_t channel) const noexcept {
  auto slot = slot_of(in, channel);
  return slot && *slot < options_.channels;
}

guild* world::guild_of_channel(std::uint64_t channel) noexcept {
  if (channel < first_channel)
    return nullptr;
  auto index = (channel - first_channel) / slots_a_guild;
  if (index >= guilds_.size() || !has_channel(guilds_[index], channel))
    return nullptr;
  return &guilds_[index];
}

bool world::is_bot(std::uint64_t user) const noexcept {
  return user >= first_bot && user < first_bot + options_.bots;
}

bool world::is_member(std::uint64_t user) const noexcept {
  return is_bot(user) || (user >= first_user && user < first_user + options_.users);
}

std::size_t world::user_limit(std::uint64_t channel) const noexcept {
  return stands_at(channel, channel_slot::small) ? 2 : 0;
}

bool world::is_stage(std::uint64_t channel) const noexcept {
  return stands_at(channel, channel_slot::stage);
}

bool world::is_voice(std::uint64_t channel) const noexcept {
  if (channel < first_channel)
    return false;
  auto slot = channel_slot_number(channel);
  return slot >= static_cast<std::size_t>(channel_slot::lounge)
         && slot <= static_cast<std::size_t>(channel_slot::afk);
}

std::uint64_t world::permissions(const guild&, std::uint64_t user) const noexcept {
  if (user == first_user || user == first_user + 2) // the owner, and the one with the role Admin
    return permission::everything;
  return permission::everyone;
}

std::uint64_t world::permissions(const guild& in, std::uint64_t user, std::uint64_t channel) const noexcept {
  auto out = permissions(in, user);
  if (out & permission::administrator)
    return out;
  if (stands_at(channel, channel_slot::locked))
    out &= ~permission::connect;
  if (stands_at(channel, channel_slot::hidden))
    out &= ~(permission::view_channel | permission::connect);
  return out;
}

std::size_t world::listeners(const guild& in, std::uint64_t channel) const noexcept {
  return static_cast<std::size_t>(std::count_if(in.voice.begin(), in.voice.end(),
                                                [&](auto& one) { return one.second.channel == channel; }));
}

} // namespace tutti::services::sim::discord

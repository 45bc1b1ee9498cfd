#include "services/sim/discord/model/permissions.hpp"
#include "services/sim/discord/model/world.hpp"

#include <iterator>

namespace tutti::services::sim::discord {
namespace {

struct named_channel {
  const char* name;
  int type;             ///< 0 text, 2 voice, 13 stage
  std::uint64_t denied; ///< to everyone
};

constexpr named_channel channel_table[] = {
    {"general", 0, 0},
    {"Lounge", 2, 0},
    {"Music", 2, 0},
    {"Small", 2, 0},
    {"Locked", 2, permission::connect},
    {"Stage", 13, 0},
    {"Hidden", 2, permission::view_channel | permission::connect},
    {"Away", 2, 0},
};

constexpr const char* role_names[] = {"@everyone", "DJ", "Admin", "Bots"};

json id_text(std::uint64_t id) {
  return std::to_string(id);
}

} // namespace

json world::user(std::uint64_t id) const {
  auto bot = is_bot(id);
  auto number = std::to_string(bot ? id - first_bot + 1 : id - first_user + 1);
  json::object out{{"id", id_text(id)},
                   {"username", (bot ? "tutti-sim-bot-" : "user-") + number},
                   {"discriminator", bot ? "0001" : "0"},
                   {"global_name", bot ? json{} : json{"User " + number}},
                   {"avatar", nullptr},
                   {"public_flags", 0},
                   {"flags", 0},
                   {"primary_guild", nullptr}};
  if (bot)
    out.emplace_back("bot", true);
  return out;
}

json world::member(const guild& in, std::uint64_t id) const {
  json::array roles;
  auto role_id = [&](std::size_t slot) { return id_text(first_role + in.index * 1000 + slot); };
  if (id == first_user + 1)
    roles.push_back(role_id(1));
  if (id == first_user + 2)
    roles.push_back(role_id(2));
  if (is_bot(id))
    roles.push_back(role_id(3));
  return json::object{{"user", user(id)},
                      {"nick", nullptr},
                      {"avatar", nullptr},
                      {"banner", nullptr},
                      {"roles", std::move(roles)},
                      {"joined_at", joined_at_},
                      {"premium_since", nullptr},
                      {"communication_disabled_until", nullptr},
                      {"pending", false},
                      {"deaf", false},
                      {"mute", false},
                      {"flags", 0}};
}

json world::channel(const guild& in, std::uint64_t id) const {
  auto slot = *slot_of(in, id);
  auto known = slot < std::size(channel_table);
  auto entry = known ? channel_table[slot] : named_channel{"", 0, 0};
  json::array overwrites;
  if (entry.denied != 0)
    overwrites.push_back(json::object{
        {"id", id_text(in.id)}, {"type", 0}, {"allow", "0"}, {"deny", std::to_string(entry.denied)}});
  json::object out{{"id", id_text(id)},
                   {"type", entry.type},
                   {"guild_id", id_text(in.id)},
                   {"name", known ? json{entry.name} : json{"channel-" + std::to_string(slot)}},
                   {"position", slot},
                   {"parent_id", nullptr},
                   {"permission_overwrites", std::move(overwrites)},
                   {"flags", 0},
                   {"nsfw", false},
                   {"last_message_id", nullptr},
                   {"rate_limit_per_user", 0}};
  if (entry.type == 0) {
    out.emplace_back("topic", nullptr);
  } else {
    out.emplace_back("bitrate", 64000);
    out.emplace_back("user_limit", user_limit(id));
    out.emplace_back("rtc_region", nullptr);
  }
  return out;
}

json world::role(const guild& in, std::size_t slot) const {
  auto everyone = slot == 0;
  std::uint64_t granted = everyone ? permission::everyone : slot == 2 ? permission::administrator : 0;
  return json::object{
      {"id", everyone ? id_text(in.id) : id_text(first_role + in.index * 1000 + slot)},
      {"name", slot < std::size(role_names) ? json{role_names[slot]} : json{"role-" + std::to_string(slot)}},
      {"permissions", std::to_string(granted)},
      {"position", slot},
      {"color", 0},
      {"colors",
       json::object{{"primary_color", 0}, {"secondary_color", nullptr}, {"tertiary_color", nullptr}}},
      {"hoist", false},
      {"managed", false},
      {"mentionable", false},
      {"icon", nullptr},
      {"unicode_emoji", nullptr},
      {"flags", 0}};
}

json world::voice_state_body(std::uint64_t id, const voice_state& state) const {
  return json::object{
      {"channel_id", state.channel ? id_text(state.channel) : json{}},
      {"user_id", id_text(id)},
      {"session_id", state.session_id},
      {"deaf", false},
      {"mute", false},
      {"self_deaf", state.self_deaf},
      {"self_mute", state.self_mute},
      {"self_stream", false},
      {"self_video", false},
      {"suppress", state.suppress},
      {"request_to_speak_timestamp", state.request_to_speak.empty() ? json{} : json{state.request_to_speak}}};
}

json world::voice_state_of(const guild& in, std::uint64_t id, const voice_state& state) const {
  auto out = voice_state_body(id, state);
  out.set("guild_id", id_text(in.id));
  out.set("member", member(in, id));
  return out;
}

json world::guild_body(const guild& in) const {
  json::array roles;
  for (std::size_t slot = 0; slot < options_.roles; ++slot)
    roles.push_back(role(in, slot));
  return json::object{{"id", id_text(in.id)},
                      {"name", "Guild " + std::to_string(in.index + 1)},
                      {"icon", nullptr},
                      {"description", nullptr},
                      {"home_header", nullptr},
                      {"splash", nullptr},
                      {"discovery_splash", nullptr},
                      {"features", json::array{}},
                      {"banner", nullptr},
                      {"owner_id", id_text(first_user)},
                      {"application_id", nullptr},
                      {"region", "deprecated"},
                      {"afk_channel_id", id_text(channel_id(in, channel_slot::afk))},
                      {"afk_timeout", 300},
                      {"system_channel_id", nullptr},
                      {"system_channel_flags", 0},
                      {"widget_enabled", false},
                      {"widget_channel_id", nullptr},
                      {"verification_level", 0},
                      {"roles", std::move(roles)},
                      {"default_message_notifications", 0},
                      {"mfa_level", 0},
                      {"explicit_content_filter", 0},
                      {"max_presences", nullptr},
                      {"max_members", 500000},
                      {"max_stage_video_channel_users", 50},
                      {"max_video_channel_users", 25},
                      {"vanity_url_code", nullptr},
                      {"premium_tier", 0},
                      {"premium_subscription_count", 0},
                      {"premium_progress_bar_enabled", false},
                      {"preferred_locale", "en-US"},
                      {"rules_channel_id", nullptr},
                      {"safety_alerts_channel_id", nullptr},
                      {"public_updates_channel_id", nullptr},
                      {"nsfw", false},
                      {"nsfw_level", 0},
                      {"emojis", json::array{}},
                      {"stickers", json::array{}},
                      {"incidents_data", nullptr}};
}

json world::guild_create(const guild& in, std::uint64_t bot) const {
  auto out = guild_body(in);
  json::array channels, members, states;
  for (std::size_t slot = 0; slot < options_.channels; ++slot)
    channels.push_back(channel(in, channel_id(in, static_cast<channel_slot>(slot))));
  members.push_back(member(in, bot));
  for (auto& [id, state] : in.voice) {
    states.push_back(voice_state_body(id, state));
    if (id != bot)
      members.push_back(member(in, id));
  }
  out.set("joined_at", joined_at_);
  out.set("large", options_.users > 250);
  out.set("unavailable", false);
  out.set("member_count", options_.users + options_.bots);
  out.set("voice_states", std::move(states));
  out.set("members", std::move(members));
  out.set("channels", std::move(channels));
  for (auto* empty :
       {"threads", "presences", "stage_instances", "guild_scheduled_events", "soundboard_sounds"})
    out.set(empty, json::array{});
  return out;
}

} // namespace tutti::services::sim::discord

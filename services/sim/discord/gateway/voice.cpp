#include "services/sim/discord/gateway/voice.hpp"

#include "services/sim/discord/gateway/connection.hpp"
#include "services/sim/discord/model/permissions.hpp"

#include <vector>

namespace tutti::services::sim::discord {

void voice::command(const std::shared_ptr<session>& from, const json& d) {
  auto guild_id = parse_id(d["guild_id"].text());
  auto& channel = d["channel_id"];
  auto channel_id = parse_id(channel.text());
  auto decodes = guild_id && d.has("channel_id") && (channel.is_null() || channel_id)
                 && d["self_mute"].is_bool() && d["self_deaf"].is_bool();
  if (!decodes) {
    core_.breach("voice_form", json::object{{"d", d}});
    if (auto over = from->connection.lock())
      over->close(4002, "Error while decoding payload.");
    return;
  }
  core_.note("voice_command", json::object{{"bot", std::to_string(from->owner->id)}, {"d", d}});
  auto* in = core_.world.find_guild(*guild_id);
  if (!in || !from->covers(in->id))
    return core_.breach("voice_wrong_shard", json::object{{"guild", d["guild_id"]}, {"shard", from->shard}});
  auto delay = std::chrono::milliseconds{
      core_.random.between(core_.options.voice_delay_min.count(), core_.options.voice_delay_max.count())};
  voice_state wanted{channel_id.value_or(0), from->voice_id, d["self_mute"].truth(), d["self_deaf"].truth()};
  core_.loop.after(delay, [this, in, wanted, weak = std::weak_ptr<session>{from}] {
    auto one = weak.lock();
    if (!one || gateway_.sessions().count(one->id) == 0)
      return;
    if (wanted.channel == 0)
      leave(*in, one->owner->id);
    else
      join(one, *in, wanted);
  });
}

void voice::join(const std::shared_ptr<session>& from, guild& in, voice_state wanted) {
  auto me = from->owner->id;
  auto was = in.voice.find(me);
  auto stays = was != in.voice.end() && was->second.channel == wanted.channel
               && was->second.session_id == wanted.session_id;
  auto needed = permission::view_channel | permission::connect;
  auto& world = core_.world;
  auto limit = world.user_limit(wanted.channel);
  auto silent = [&](const char* why) {
    ++core_.totals["voiceRefused"];
    core_.note("voice_refused", json::object{{"guild", std::to_string(in.id)}, {"reason", why}});
  };
  if (!world.has_channel(in, wanted.channel) || !world.is_voice(wanted.channel))
    return silent("no such voice channel");
  if ((world.permissions(in, me, wanted.channel) & needed) != needed)
    return silent("no permission");
  if (!stays && limit != 0 && world.listeners(in, wanted.channel) >= limit)
    return silent("full");
  if (stays) {
    wanted.suppress = was->second.suppress;
    was->second = wanted;
    return announce(in, me);
  }
  wanted.suppress = world.is_stage(wanted.channel);
  ++core_.totals["voiceJoins"];
  in.voice[me] = wanted;
  if (core_.random.coin()) {
    announce(in, me);
    offer_server(in, *from->owner);
  } else {
    offer_server(in, *from->owner);
    announce(in, me);
  }
}

void voice::leave(guild& in, std::uint64_t user) {
  auto found = in.voice.find(user);
  if (found == in.voice.end())
    return;
  auto gone = found->second;
  gone.channel = 0;
  gone.suppress = false;
  in.voice.erase(found);
  links_.erase({in.id, user});
  auto d = core_.world.voice_state_of(in, user, gone);
  auto tell = [this, id = in.id, d] {
    gateway_.broadcast(id, intent::voice_states, "VOICE_STATE_UPDATE", d);
  };
  if (late_null && core_.world.is_bot(user))
    core_.loop.after(*late_null, tell);
  else
    tell();
}

void voice::announce(guild& in, std::uint64_t user) {
  auto d = core_.world.voice_state_of(in, user, in.voice.at(user));
  gateway_.broadcast(in.id, intent::voice_states, "VOICE_STATE_UPDATE", d);
}

void voice::offer_server(guild& in, const bot& to) {
  auto number = core_.random.between(1, 9999);
  links_[{in.id, to.id}] = {core_.random.hex(16), "voice-" + std::to_string(number) + ".sim.invalid:443"};
  send_server(in.id, to, links_[{in.id, to.id}].endpoint);
}

void voice::send_server(std::uint64_t guild, const bot& to, const json& endpoint) {
  auto over = gateway_.session_of(to, guild); // needs no intent
  if (over)
    gateway_.dispatch(*over, "VOICE_SERVER_UPDATE",
                      json::object{{"token", links_[{guild, to.id}].token},
                                   {"guild_id", std::to_string(guild)},
                                   {"endpoint", endpoint}});
}

void voice::end(const session& which) {
  std::vector<guild*> left;
  for (auto& [key, unused] : links_) {
    auto* in = core_.world.find_guild(key.first);
    auto state = in->voice.find(key.second);
    if (key.second == which.owner->id && state != in->voice.end()
        && state->second.session_id == which.voice_id)
      left.push_back(in);
  }
  for (auto* in : left) {
    ++core_.totals["voiceSessionsVoided"];
    leave(*in, which.owner->id);
  }
}

void voice::move(guild& in, std::uint64_t user, std::optional<std::uint64_t> channel) {
  if (!channel)
    return leave(in, user);
  auto was = in.voice.find(user);
  voice_state next = was != in.voice.end() ? was->second : voice_state{0, core_.random.hex(32)};
  next.channel = *channel;
  next.suppress = core_.world.is_stage(*channel);
  in.voice[user] = next;
  announce(in, user);
  if (auto* moved = core_.bot_of_id(user))
    offer_server(in, *moved);
}

const voice::link* voice::link_of(std::uint64_t guild, std::uint64_t bot) const {
  auto found = links_.find({guild, bot});
  return found == links_.end() ? nullptr : &found->second;
}

void voice::migrate(guild& in, std::chrono::milliseconds later) {
  for (auto& one : core_.bots) {
    if (!link_of(in.id, one.id))
      continue;
    send_server(in.id, one, nullptr);
    core_.loop.after(later, [this, &in, &one] {
      if (link_of(in.id, one.id))
        offer_server(in, one);
    });
  }
}

void voice::describe(const guild& in, json& out) const {
  json::array all;
  for (auto& [user, state] : in.voice) {
    json::object one{{"userId", std::to_string(user)},
                     {"bot", core_.world.is_bot(user)},
                     {"channelId", std::to_string(state.channel)},
                     {"selfMute", state.self_mute},
                     {"selfDeaf", state.self_deaf},
                     {"suppress", state.suppress}};
    if (auto* found = link_of(in.id, user)) {
      one.emplace_back("sessionId", state.session_id);
      one.emplace_back("token", found->token);
      one.emplace_back("endpoint", found->endpoint);
    }
    all.push_back(std::move(one));
  }
  out.set("voice", std::move(all));
}

} // namespace tutti::services::sim::discord

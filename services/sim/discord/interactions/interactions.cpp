#include "services/sim/discord/interactions/interactions.hpp"

#include <utility>

namespace tutti::services::sim::discord {

bool interactions::start(interaction one, json d) {
  auto over = gateway_.session_of(*one.to, one.guild);
  if (!over)
    return false;
  forget_old();
  auto* in = core_.world.find_guild(one.guild);
  one.id = core_.ids.next();
  one.token = core_.random.hex(64);
  one.created = core_.loop.now();
  auto id = one.id;
  auto guild_text = std::to_string(one.guild);
  auto member = core_.world.member(*in, one.user);
  member.set("permissions", std::to_string(core_.world.permissions(*in, one.user, one.channel)));
  auto channel = core_.world.channel(*in, one.channel);
  channel.set("permissions", member["permissions"]);
  const std::pair<const char*, json> shared[] = {
      {"id", std::to_string(id)},
      {"application_id", std::to_string(one.to->id)},
      {"token", one.token},
      {"version", 1},
      {"guild_id", guild_text},
      {"guild", json::object{{"id", guild_text}, {"locale", "en-US"}, {"features", json::array{}}}},
      {"channel_id", std::to_string(one.channel)},
      {"channel", std::move(channel)},
      {"member", std::move(member)},
      {"app_permissions", std::to_string(core_.world.permissions(*in, one.to->id, one.channel))},
      {"locale", "en-US"},
      {"guild_locale", "en-US"},
      {"entitlements", json::array{}},
      {"authorizing_integration_owners", json::object{{"0", guild_text}}},
      {"context", 0},
      {"attachment_size_limit", 10485760}};
  d.set("type", one.type);
  for (auto& [name, value] : shared)
    d.set(name, value);
  ++core_.totals["interactions"];
  core_.note("interaction", json::object{{"interaction", std::to_string(id)},
                                         {"type", one.type},
                                         {"bot", std::to_string(one.to->id)},
                                         {"guild", guild_text},
                                         {"shard", over->shard},
                                         {"attached", !over->connection.expired()}});
  tokens_[one.token] = id;
  all_.emplace(id, std::move(one));
  core_.loop.after(first_answer, [this, id] { miss(id); });
  for (auto twice = duplicates > 0;; twice = false) {
    gateway_.dispatch(*over, "INTERACTION_CREATE", d);
    if (!twice)
      return true;
    --duplicates;
  }
}

void interactions::miss(std::uint64_t id) {
  auto found = all_.find(id);
  if (found == all_.end() || found->second.callback != 0)
    return;
  found->second.missed = true;
  ++core_.totals["interactionsMissed"];
  core_.note("interaction_missed", json::object{{"interaction", std::to_string(id)}});
  settle(found->second, nullptr);
}

void interactions::forget_old() {
  while (!all_.empty()
         && (all_.size() >= max_kept || core_.loop.now() - all_.begin()->second.created > token_life)) {
    tokens_.erase(all_.begin()->second.token);
    all_.erase(all_.begin());
  }
}

const interaction* interactions::find(std::uint64_t id) const {
  auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

interaction* interactions::find(std::uint64_t id, const std::string& token) {
  auto found = all_.find(id);
  if (found == all_.end() || found->second.token != token)
    return nullptr;
  auto& one = found->second;
  auto life = one.callback != 0 ? std::chrono::seconds{token_life} : first_answer;
  return one.missed || core_.loop.now() - one.created > life ? nullptr : &one;
}

interaction* interactions::find_webhook(std::uint64_t application, const std::string& token) {
  auto found = tokens_.find(token);
  if (found == tokens_.end())
    return nullptr;
  auto* one = find(found->second, token);
  return one && one->to->id == application && one->callback != 0 ? one : nullptr;
}

void interactions::settle(interaction& one, json reply) {
  if (std::exchange(one.settled, true) || !one.waiting)
    return;
  auto out = describe(one);
  auto took = std::chrono::duration<double, std::milli>(core_.loop.now() - one.created).count();
  out.set("ms", took);
  out.set("reply", std::move(reply));
  std::exchange(one.waiting, nullptr)(std::move(out));
}

void interactions::effect(interaction& one, const char* kind) {
  ++one.effects[kind];
  core_.note("effect", json::object{{"interaction", std::to_string(one.id)}, {"kind", kind}});
}

json interactions::describe(const interaction& one) const {
  json::object effects;
  for (auto& [kind, count] : one.effects)
    effects.emplace_back(kind, count);
  return json::object{{"id", std::to_string(one.id)},
                      {"bot", std::to_string(one.to->id)},
                      {"callback", one.callback == 0 ? json{} : json{one.callback}},
                      {"missed", one.missed},
                      {"ephemeral", one.ephemeral},
                      {"effects", std::move(effects)}};
}

} // namespace tutti::services::sim::discord

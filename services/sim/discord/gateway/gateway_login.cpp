#include "services/sim/discord/gateway/connection.hpp"
#include "services/sim/discord/gateway/gateway.hpp"
#include "services/sim/discord/gateway/identify.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace tutti::services::sim::discord {
namespace {

constexpr std::size_t max_guilds_a_shard = 2500;

} // namespace

void gateway::identify(gateway_connection& from, const json& d) {
  auto refuse = [&](int code, std::string_view breach, std::string_view reason) {
    ++core_.totals["identifiesRefused"];
    auto fields = from.describe();
    fields.set("shard", d["shard"]);
    core_.breach(breach, std::move(fields));
    from.close(code, reason);
  };
  identify_request wanted;
  auto refusal = read_identify(d, from.transport_compression(), wanted);
  if (refusal.code == 4002)
    return refuse(refusal.code, refusal.breach, refusal.reason);
  auto* owner = core_.bot_of_token(wanted.token);
  if (!owner)
    return refuse(4004, "gateway_token", "Authentication failed.");
  if (refusal.code != 0)
    return refuse(refusal.code, refusal.breach, refusal.reason);
  auto in_shard = std::count_if(core_.world.guilds().begin(), core_.world.guilds().end(),
                                [&](auto& one) { return (one.id >> 22) % wanted.shards == wanted.shard; });
  if (static_cast<std::size_t>(in_shard) > max_guilds_a_shard)
    return refuse(4011, "sharding_required", "Sharding required.");
  switch (owner->gate.admit(wanted.shard, core_.loop.now())) {
  case identify_gate::verdict::too_soon:
    ++core_.totals["identifiesRefused"];
    core_.breach("identify_concurrency", json::object{{"shard", wanted.shard}});
    return from.send_op(9, false);
  case identify_gate::verdict::exhausted: {
    owner->token_reset = true;
    auto all = sessions_;
    for (auto& [id, one] : all)
      if (one->owner == owner) {
        if (auto over = one->connection.lock())
          over->close(4004, "Authentication failed.");
        end_session(one, "too many identifies");
      }
    return refuse(4004, "session_start_limit", "Authentication failed.");
  }
  case identify_gate::verdict::admitted:
    break;
  }
  ++core_.totals["identifies"];
  if (wanted.compress)
    from.compress_payloads();
  auto fresh = std::make_shared<session>(
      session{core_.random.hex(32), core_.random.hex(32), owner, wanted.shard, wanted.shards, wanted.intents,
              ++next_session_, replay_buffer{core_.options.replay_events, core_.options.replay_bytes}});
  welcome(from, fresh);
}

void gateway::welcome(gateway_connection& to, const std::shared_ptr<session>& fresh) {
  core_.note("identify", json::object{{"session", fresh->id},
                                      {"bot", std::to_string(fresh->owner->id)},
                                      {"shard", fresh->shard},
                                      {"shards", fresh->shards},
                                      {"intents", fresh->intents}});
  // A new session voids the voice sessions that an older one of this shard began.
  auto older = sessions_;
  for (auto& [id, one] : older)
    if (one->owner == fresh->owner && one->shard == fresh->shard && one->shards == fresh->shards)
      end_(*one);
  sessions_.emplace(fresh->id, fresh);
  to.attach(fresh);
  json::array guilds;
  for (auto& one : core_.world.guilds())
    if (fresh->covers(one.id))
      guilds.push_back(json::object{{"id", std::to_string(one.id)}, {"unavailable", true}});
  auto me = std::to_string(fresh->owner->id);
  auto user = core_.world.user(fresh->owner->id);
  for (auto* unset : {"mfa_enabled", "verified"})
    user.set(unset, true);
  user.set("email", nullptr);
  dispatch(*fresh, "READY",
           json::object{{"v", 10},
                        {"user_settings", json::object{}},
                        {"user", std::move(user)},
                        {"session_type", "normal"},
                        {"session_id", fresh->id},
                        {"resume_gateway_url", "ws://" + to.host() + "/resume"},
                        {"relationships", json::array{}},
                        {"private_channels", json::array{}},
                        {"presences", json::array{}},
                        {"guilds", std::move(guilds)},
                        {"guild_join_requests", json::array{}},
                        {"geo_ordered_rtc_regions", json::array{}},
                        {"auth", json::object{}},
                        {"application", json::object{{"id", me}, {"flags", 0}}},
                        {"shard", json::array{fresh->shard, fresh->shards}},
                        {"_trace", json::array{}}});
}

void gateway::feed_guilds(session& to) {
  constexpr std::size_t enough = 512 * 1024;
  auto& all = core_.world.guilds();
  std::size_t bytes = 0;
  for (; to.next_guild < all.size() && bytes < enough && !to.connection.expired();) {
    auto& one = all[to.next_guild++];
    if (!to.covers(one.id) || !to.wants(intent::guilds))
      continue;
    auto d = core_.world.guild_create(one, to.owner->id);
    bytes += 1000 * core_.world.options().channels / 4; // about
    dispatch(to, "GUILD_CREATE", d);
  }
}

void gateway::resume(gateway_connection& from, const json& d) {
  if (!d["token"].is_string() || !d["session_id"].is_string() || !d["seq"].is_integer()) {
    core_.breach("resume_form", from.describe());
    return from.close(4002, "Error while decoding payload.");
  }
  auto* owner = core_.bot_of_token(d["token"].text());
  if (!owner) {
    core_.breach("gateway_token", from.describe());
    return from.close(4004, "Authentication failed.");
  }
  auto found = sessions_.find(d["session_id"].text());
  auto seq = static_cast<std::uint64_t>(d["seq"].integer());
  auto known = found != sessions_.end() && found->second->owner == owner;
  if (known && seq > found->second->sent.last()) {
    core_.breach("resume_seq", json::object{{"seq", seq}, {"last", found->second->sent.last()}});
    end_session(found->second, "resumed with a sequence that never was");
    return from.close(4007, "Invalid seq.");
  }
  if (!known || !found->second->sent.covers(seq)) {
    ++core_.totals["resumesRefused"];
    core_.note("resume_refused", json::object{{"session", d["session_id"]}, {"known", known}, {"seq", seq}});
    if (known)
      end_session(found->second, "resumed past the replay buffer");
    return from.send_op(9, false);
  }
  ++core_.totals["resumes"];
  if (!from.by_resume_url())
    ++core_.totals["resumesByOtherUrl"];
  auto which = found->second;
  auto old = which->connection.lock();
  core_.note("resume", json::object{{"session", which->id},
                                    {"shard", which->shard},
                                    {"seq", seq},
                                    {"missed", which->sent.last() - seq},
                                    {"takenOver", old != nullptr}});
  if (old)
    old->detach();
  which->acknowledged = std::max(which->acknowledged, seq);
  which->lose = 0;
  from.attach(which);
  replay(which, from, seq);
}

void gateway::replay(const std::shared_ptr<session>& to, gateway_connection& over, std::uint64_t seq) {
  auto missed = to->sent.after(seq);
  if (std::exchange(to->reorder, false) && missed.size() > 1) {
    over.send(missed.back()); // as one that happened just now
    missed.pop_back();
  }
  for (auto& frame : missed)
    over.send(frame);
  dispatch(*to, "RESUMED", json::object{{"_trace", json::array{}}});
}

} // namespace tutti::services::sim::discord

#include "services/sim/discord/interactions/traffic.hpp"

#include <algorithm>
#include <chrono>

namespace tutti::services::sim::discord {

std::string traffic::start(const json& wanted) {
  run next;
  if (wanted["kind"].text() == "message")
    next.what = kind::message;
  else if (wanted["kind"].text() != "voice")
    return "kind must be voice or message";
  next.per_second = wanted["perSecond"].number(100);
  next.count = static_cast<std::uint64_t>(std::max<std::int64_t>(0, wanted["count"].integer()));
  if (next.per_second <= 0 || next.per_second > 1e6 || next.count == 0)
    return "perSecond must be up to 1000000, count at least 1";
  next.began = core_.loop.now();
  tick(next);
  return {};
}

void traffic::tick(run now) {
  auto passed = std::chrono::duration<double>(core_.loop.now() - now.began).count();
  auto due = std::min(now.count, static_cast<std::uint64_t>(passed * now.per_second) + 1);
  for (; now.done < due; ++now.done)
    one_event(now);
  if (now.done < now.count)
    core_.loop.after(std::chrono::milliseconds{5}, [this, now] { tick(now); });
  else
    core_.note("traffic_done", json::object{{"count", now.count}, {"seconds", passed}});
}

void traffic::one_event(const run& of) {
  auto& guilds = core_.world.guilds();
  auto& in = guilds[of.done % guilds.size()];
  auto user = first_user + of.done / guilds.size() % core_.world.options().users;
  if (of.what == kind::voice) {
    auto there = in.voice.count(user) > 0;
    return voice_.move(
        in, user, there ? std::nullopt : std::optional{core_.world.channel_id(in, channel_slot::lounge)});
  }
  auto member = core_.world.member(in, user);
  member.erase("user");
  gateway_.broadcast(
      in.id, intent::messages, "MESSAGE_CREATE",
      json::object{{"id", std::to_string(core_.ids.next())},
                   {"type", 0},
                   {"channel_id", std::to_string(core_.world.channel_id(in, channel_slot::general))},
                   {"guild_id", std::to_string(in.id)},
                   {"author", core_.world.user(user)},
                   {"member", std::move(member)},
                   {"content", ""}, // no bot has the intent to read it
                   {"timestamp", timestamp()},
                   {"edited_timestamp", nullptr},
                   {"tts", false},
                   {"mention_everyone", false},
                   {"mentions", json::array{}},
                   {"mention_roles", json::array{}},
                   {"attachments", json::array{}},
                   {"embeds", json::array{}},
                   {"components", json::array{}},
                   {"pinned", false},
                   {"flags", 0}});
}

} // namespace tutti::services::sim::discord

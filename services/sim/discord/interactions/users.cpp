#include "services/sim/discord/interactions/users.hpp"

#include "services/sim/discord/interactions/command_options.hpp"
#include "services/sim/discord/model/permissions.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::sim::discord {
namespace {

http_response control_error(int status, std::string_view why) {
  return json_response(status, json::object{{"error", why}});
}

/// Whether the command shows up for somebody with these permissions.
bool offered_to(const json& command, std::uint64_t permissions) {
  auto& needed = command["default_member_permissions"];
  if (needed.is_null() || (permissions & permission::administrator))
    return true;
  auto bits = parse_id(needed.text());
  return bits && (permissions & *bits) == *bits;
}

} // namespace

json users::target_of(plan& out, std::int64_t type, const json& body) {
  if (type == 2) {
    auto id = parse_id(body["target"].text()).value_or(first_user);
    auto* in = core_.world.find_guild(out.what.guild);
    auto member = core_.world.member(*in, id);
    member.erase("user");
    auto text = std::to_string(id);
    out.d.at("data").set("resolved", json::object{{"users", json::object{{text, core_.world.user(id)}}},
                                                  {"members", json::object{{text, member}}}});
    return text;
  }
  auto* found = messages_.find(parse_id(body["target"].text()).value_or(0));
  if (!found && body["content"].is_string())
    found = &messages_.create(out.what.channel, out.what.user, json::object{{"content", body["content"]}}, 0);
  if (!found) {
    out.error = "a message command needs a target or content";
    return nullptr;
  }
  auto text = std::to_string(found->id);
  out.d.at("data").set("resolved", json::object{{"messages", json::object{{text, found->body}}}});
  return text;
}

void users::plan_command(plan& out, const guild& in, const json& body) {
  auto& name = body["command"].text();
  const json* command = nullptr;
  for (auto& one : core_.bots) {
    if (out.what.to && out.what.to != &one)
      continue;
    if ((command = commands_.find_by_name(one.id, in.id, name))) {
      out.what.to = &one;
      break;
    }
  }
  if (!command || !offered_to(*command, core_.world.permissions(in, out.what.user))) {
    out.status = 404;
    out.error = command ? "this user may not use the command" : "no bot has registered that command";
    return;
  }
  auto type = (*command)["type"].integer();
  out.d.set("data", json::object{{"id", (*command)["id"]}, {"name", name}, {"type", type}});
  if (command->has("guild_id"))
    out.d.at("data").set("guild_id", (*command)["guild_id"]);
  out.what.type = 2;
  if (type != 1) {
    auto target = target_of(out, type, body);
    out.d.at("data").set("target_id", std::move(target));
    return;
  }
  auto& focused = body["autocomplete"].text();
  auto typed = type_options(core_.world, in, (*command)["options"], body["options"], focused);
  out.error = typed.error;
  if (!focused.empty())
    out.what.type = 4;
  if (!typed.options.items().empty())
    out.d.at("data").set("options", std::move(typed.options));
  if (!typed.resolved.is_null())
    out.d.at("data").set("resolved", std::move(typed.resolved));
}

void users::plan_component(plan& out, const json& body, const std::string& name) {
  std::string custom_id;
  int type = 0;
  auto* on = messages_.with_component(out.what.guild, name, custom_id, type);
  if (!on) {
    out.status = 404;
    out.error = "no message here has that component";
    return;
  }
  out.what.type = 3;
  out.what.to = core_.bot_of_id(on->author);
  out.what.channel = on->channel;
  out.what.component_message = on->id;
  json data = json::object{{"custom_id", custom_id}, {"component_type", type}};
  if (type != 2)
    data.set("values", body["values"].is_array() ? body["values"] : json{json::array{}});
  out.d.set("data", std::move(data));
  out.d.set("message", on->body);
}

void users::plan_modal(plan& out, const json& body) {
  out.what.type = 5;
  if (!out.what.to)
    out.what.to = &core_.bots.front();
  json::array rows;
  for (auto& [id, value] : body["fields"].members())
    rows.push_back(json::object{
        {"type", 1},
        {"components", json::array{json::object{{"type", 4}, {"custom_id", id}, {"value", value}}}}});
  out.d.set("data", json::object{{"custom_id", body["modal"]}, {"components", std::move(rows)}});
}

void users::interact(std::uint64_t user, const json& body, const http_responder& answer) {
  auto* in = core_.world.find_guild(parse_id(body["guildId"].text()).value_or(0));
  if (!in || !core_.world.is_member(user) || core_.world.is_bot(user))
    return answer(control_error(404, in ? "no such user" : "no such guild: guildId"));
  plan wanted;
  wanted.what.guild = in->id;
  wanted.what.user = user;
  wanted.what.channel =
      parse_id(body["channelId"].text()).value_or(core_.world.channel_id(*in, channel_slot::general));
  if (!core_.world.has_channel(*in, wanted.what.channel))
    return answer(control_error(404, "no such channel: channelId"));
  if (!body["bot"].is_null() && !(wanted.what.to = core_.bot_of_id(parse_id(body["bot"].text()).value_or(0))))
    return answer(control_error(404, "no such bot: bot"));
  if (body["command"].is_string())
    plan_command(wanted, *in, body);
  else if (body["button"].is_string() || body["select"].is_string())
    plan_component(wanted, body, body[body["button"].is_string() ? "button" : "select"].text());
  else if (body["modal"].is_string())
    plan_modal(wanted, body);
  else
    wanted.error = "one of command, button, select, modal is needed";
  if (!wanted.error.empty())
    return answer(control_error(wanted.status, wanted.error));

  auto timeout =
      std::chrono::milliseconds{std::clamp<std::int64_t>(body["timeoutMs"].integer(15'000), 1, 900'000)};
  auto done = std::make_shared<bool>(false);
  wanted.what.waiting = [answer, done](json seen) {
    if (std::exchange(*done, true))
      return;
    auto missed = seen["missed"].truth();
    answer(json_response(missed ? 504 : 200, seen));
  };
  if (!interactions_.start(std::move(wanted.what), std::move(wanted.d)))
    return answer(control_error(503, "no session holds this guild's shard"));
  core_.loop.after(timeout, [answer, done] {
    if (!std::exchange(*done, true))
      answer(control_error(504, "the bot has not finished its answer in time"));
  });
}

http_response users::move(std::uint64_t guild_id, std::uint64_t user, const json& body) {
  auto* in = core_.world.find_guild(guild_id);
  if (!in || !core_.world.is_member(user))
    return control_error(404, in ? "no such user" : "no such guild");
  auto& channel = body["channelId"];
  if (!body.is_null() && !body.has("channelId"))
    return control_error(400, "channelId is needed: an id, or null");
  if (channel.is_null()) {
    voice_.move(*in, user, std::nullopt);
  } else {
    auto id = parse_id(channel.text());
    if (!id || !core_.world.has_channel(*in, *id) || !core_.world.is_voice(*id))
      return control_error(404, "no such voice channel: channelId");
    if (core_.world.is_bot(user) && in->voice.count(user) == 0)
      return control_error(409, "a moderator can only move a bot that is in a voice channel");
    voice_.move(*in, user, *id);
  }
  json out = json::object{};
  voice_.describe(*in, out);
  return json_response(200, out);
}

} // namespace tutti::services::sim::discord

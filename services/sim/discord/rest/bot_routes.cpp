#include "services/sim/discord/model/permissions.hpp"
#include "services/sim/discord/rest/call.hpp"

#include <chrono>

namespace tutti::services::sim::discord {
namespace {

using namespace std::chrono_literals;

constexpr bucket_rule common{"common", 50, 1000ms};
constexpr bucket_rule gateway_info{"gateway", 5, 5000ms};
constexpr bucket_rule guild_read{"guild", 10, 5000ms};
constexpr bucket_rule voice_write{"voice", 5, 5000ms};

/// As the client called us, so that it reaches us again.
std::string gateway_url(const rest_call& call) {
  return "ws://" + std::string{call.request.header("host")};
}

http_response get_gateway(rest_parts&, rest_call& call) {
  return json_response(200, json::object{{"url", gateway_url(call)}});
}

http_response get_gateway_bot(rest_parts& parts, rest_call& call) {
  auto& gate = call.who->gate;
  auto now = parts.all.loop.now();
  auto reset = std::chrono::duration_cast<std::chrono::milliseconds>(gate.starts().reset_after(now));
  return json_response(
      200, json::object{{"url", gateway_url(call)},
                        {"shards", parts.all.options.shards},
                        {"session_start_limit", json::object{{"total", gate.starts().limit()},
                                                             {"remaining", gate.starts().remaining(now)},
                                                             {"reset_after", reset.count()},
                                                             {"max_concurrency", gate.max_concurrency()}}}});
}

http_response get_me(rest_parts& parts, rest_call& call) {
  auto out = parts.all.world.user(call.who->id);
  out.set("mfa_enabled", true);
  out.set("verified", true);
  out.set("email", nullptr);
  out.set("locale", "en-US");
  return json_response(200, out);
}

http_response get_user(rest_parts& parts, rest_call& call) {
  if (!parts.all.world.is_member(call.id(0)))
    return rest_error(404, 10013, "Unknown User");
  return json_response(200, parts.all.world.user(call.id(0)));
}

http_response get_application(rest_parts& parts, rest_call& call) {
  auto id = std::to_string(call.who->id);
  return json_response(200, json::object{{"id", id},
                                         {"name", "tutti-sim-bot"},
                                         {"icon", nullptr},
                                         {"description", ""},
                                         {"bot", parts.all.world.user(call.who->id)},
                                         {"bot_public", true},
                                         {"bot_require_code_grant", false},
                                         {"verify_key", std::string(64, '0')},
                                         {"type", nullptr},
                                         {"flags", 0},
                                         {"flags_new", "0"},
                                         {"redirect_uris", json::array{}},
                                         {"interactions_endpoint_url", nullptr},
                                         {"role_connections_verification_url", nullptr},
                                         {"owner", parts.all.world.user(first_user)},
                                         {"approximate_guild_count", parts.all.world.guilds().size()},
                                         {"approximate_user_install_count", 0},
                                         {"approximate_user_authorization_count", 0},
                                         {"explicit_content_filter", 0},
                                         {"team", nullptr},
                                         {"eligible_oauth2_scopes", json::array{}}});
}

/// Null: the answer is an error.
guild* guild_of(rest_parts& parts, rest_call& call, http_response& error) {
  auto* in = parts.all.world.find_guild(call.id(0));
  if (!in)
    error = rest_error(404, 10004, "Unknown Guild");
  return in;
}

http_response get_guild(rest_parts& parts, rest_call& call) {
  http_response out;
  if (auto* in = guild_of(parts, call, out))
    return json_response(200, parts.all.world.guild_body(*in));
  return out;
}

http_response get_guild_channels(rest_parts& parts, rest_call& call) {
  http_response out;
  auto* in = guild_of(parts, call, out);
  if (!in)
    return out;
  auto& world = parts.all.world;
  json::array all;
  for (std::size_t slot = 0; slot < world.options().channels; ++slot)
    all.push_back(world.channel(*in, world.channel_id(*in, static_cast<channel_slot>(slot))));
  return json_response(200, std::move(all));
}

http_response get_member(rest_parts& parts, rest_call& call) {
  http_response out;
  auto* in = guild_of(parts, call, out);
  if (!in)
    return out;
  if (!parts.all.world.is_member(call.id(1)))
    return rest_error(404, 10007, "Unknown Member");
  return json_response(200, parts.all.world.member(*in, call.id(1)));
}

http_response get_voice_state(rest_parts& parts, rest_call& call) {
  http_response out;
  auto* in = guild_of(parts, call, out);
  if (!in)
    return out;
  auto user = call.values[1] == "@me" ? call.who->id : call.id(1);
  auto found = in->voice.find(user);
  if (found == in->voice.end())
    return rest_error(404, 10065, "Unknown Voice State");
  return json_response(200, parts.all.world.voice_state_of(*in, user, found->second));
}

http_response patch_voice_state(rest_parts& parts, rest_call& call) {
  http_response out;
  auto* in = guild_of(parts, call, out);
  if (!in)
    return out;
  form checked;
  checked.snowflake(call.body, {}, "channel_id");
  checked.truth(call.body, {}, "suppress");
  checked.text(call.body, {}, "request_to_speak_timestamp", 10, 40);
  if (!checked.ok())
    return form_error(checked);
  auto found = in->voice.find(call.who->id);
  if (found == in->voice.end())
    return rest_error(404, 10065, "Unknown Voice State");
  auto& state = found->second;
  if (!parts.all.world.is_stage(state.channel))
    return rest_error(400, 50024, "Cannot execute action on this channel type");
  if (call.body["channel_id"].is_string() && parse_id(call.body["channel_id"].text()) != state.channel)
    return rest_error(400, 50035, "The channel is not the one the bot is in");
  if (call.body["suppress"].is_bool())
    state.suppress = call.body["suppress"].truth();
  if (call.body.has("request_to_speak_timestamp"))
    state.request_to_speak = call.body["request_to_speak_timestamp"].text();
  parts.voice.announce(*in, call.who->id);
  return no_content();
}

} // namespace

const std::vector<rest_route>& bot_routes() {
  static const std::vector<rest_route> routes{
      {"GET", "/gateway", common, false, get_gateway},
      {"GET", "/gateway/bot", gateway_info, true, get_gateway_bot},
      {"GET", "/users/@me", common, true, get_me},
      {"GET", "/users/{}", common, true, get_user},
      {"GET", "/applications/@me", common, true, get_application},
      {"GET", "/oauth2/applications/@me", common, true, get_application},
      {"GET", "/guilds/{}", guild_read, true, get_guild},
      {"GET", "/guilds/{}/channels", guild_read, true, get_guild_channels},
      {"GET", "/guilds/{}/members/{}", guild_read, true, get_member},
      {"GET", "/guilds/{}/voice-states/{}", guild_read, true, get_voice_state},
      {"PATCH", "/guilds/{}/voice-states/@me", voice_write, true, patch_voice_state},
  };
  return routes;
}

} // namespace tutti::services::sim::discord

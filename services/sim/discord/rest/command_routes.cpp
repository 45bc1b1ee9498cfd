#include "services/sim/discord/rest/call.hpp"
#include "services/sim/discord/rest/command_form.hpp"

#include <chrono>

namespace tutti::services::sim::discord {
namespace {

using namespace std::chrono_literals;

constexpr bucket_rule command_read{"command-read", 20, 10'000ms};
constexpr bucket_rule command_write{"command-write", 5, 20'000ms};

/// Application, guild (0: global) and the command's place among the values.
struct command_scope {
  std::uint64_t application = 0;
  std::uint64_t guild = 0;
  std::size_t command = 1;
};

/// Whether the bot may change these; if not, the answer is an error.
bool own_scope(rest_parts& parts, rest_call& call, bool in_guild, command_scope& out, http_response& error) {
  out.application = call.id(0);
  out.guild = in_guild ? call.id(1) : 0;
  out.command = in_guild ? 2 : 1;
  if (out.application != call.who->id)
    error = rest_error(403, 20012, "You are not authorized to perform this action on this application");
  else if (in_guild && !parts.all.world.find_guild(out.guild))
    error = rest_error(404, 10004, "Unknown Guild");
  else
    return true;
  return false;
}

http_response too_many_creates() {
  auto out = json_response(
      429, json::object{{"message", "Max number of daily application command creates has been reached (200)"},
                        {"code", 30034},
                        {"retry_after", 3600.0},
                        {"global", false}});
  out.headers.emplace_back("Retry-After", "3600");
  return out;
}

template <bool InGuild>
http_response list_commands(rest_parts& parts, rest_call& call) {
  http_response out;
  command_scope scope;
  if (!own_scope(parts, call, InGuild, scope, out))
    return out;
  return json_response(200, parts.commands.list(scope.application, scope.guild));
}

template <bool InGuild>
http_response put_commands(rest_parts& parts, rest_call& call) {
  http_response out;
  command_scope scope;
  if (!own_scope(parts, call, InGuild, scope, out))
    return out;
  form checked;
  check_commands(checked, call.body);
  if (!checked.ok())
    return form_error(checked);
  json all;
  if (!parts.commands.replace(scope.application, scope.guild, call.body, all))
    return too_many_creates();
  ++parts.all.totals["commandOverwrites"];
  return json_response(200, all);
}

template <bool InGuild>
http_response post_command(rest_parts& parts, rest_call& call) {
  http_response out;
  command_scope scope;
  if (!own_scope(parts, call, InGuild, scope, out))
    return out;
  form checked;
  check_command(checked, {}, call.body, false);
  if (!checked.ok())
    return form_error(checked);
  json one;
  auto saved = parts.commands.add(scope.application, scope.guild, call.body, one);
  if (saved == commands::saved::too_many)
    return too_many_creates();
  return json_response(saved == commands::saved::made ? 201 : 200, one);
}

template <bool InGuild>
http_response get_command(rest_parts& parts, rest_call& call) {
  http_response out;
  command_scope scope;
  if (!own_scope(parts, call, InGuild, scope, out))
    return out;
  auto* found = parts.commands.find(scope.application, scope.guild, call.id(scope.command));
  return found ? json_response(200, *found) : rest_error(404, 10063, "Unknown application command");
}

template <bool InGuild>
http_response patch_command(rest_parts& parts, rest_call& call) {
  http_response out;
  command_scope scope;
  if (!own_scope(parts, call, InGuild, scope, out))
    return out;
  form checked;
  check_command(checked, {}, call.body, true);
  if (!checked.ok())
    return form_error(checked);
  json one;
  if (!parts.commands.change(scope.application, scope.guild, call.id(scope.command), call.body, one))
    return rest_error(404, 10063, "Unknown application command");
  return json_response(200, one);
}

template <bool InGuild>
http_response delete_command(rest_parts& parts, rest_call& call) {
  http_response out;
  command_scope scope;
  if (!own_scope(parts, call, InGuild, scope, out))
    return out;
  if (!parts.commands.erase(scope.application, scope.guild, call.id(scope.command)))
    return rest_error(404, 10063, "Unknown application command");
  return no_content();
}

} // namespace

const std::vector<rest_route>& command_routes() {
  static const std::vector<rest_route> routes{
      {"GET", "/applications/{}/commands", command_read, true, list_commands<false>},
      {"PUT", "/applications/{}/commands", command_write, true, put_commands<false>},
      {"POST", "/applications/{}/commands", command_write, true, post_command<false>},
      {"GET", "/applications/{}/commands/{}", command_read, true, get_command<false>},
      {"PATCH", "/applications/{}/commands/{}", command_write, true, patch_command<false>},
      {"DELETE", "/applications/{}/commands/{}", command_write, true, delete_command<false>},
      {"GET", "/applications/{}/guilds/{}/commands", command_read, true, list_commands<true>},
      {"PUT", "/applications/{}/guilds/{}/commands", command_write, true, put_commands<true>},
      {"POST", "/applications/{}/guilds/{}/commands", command_write, true, post_command<true>},
      {"GET", "/applications/{}/guilds/{}/commands/{}", command_read, true, get_command<true>},
      {"PATCH", "/applications/{}/guilds/{}/commands/{}", command_write, true, patch_command<true>},
      {"DELETE", "/applications/{}/guilds/{}/commands/{}", command_write, true, delete_command<true>},
  };
  return routes;
}

} // namespace tutti::services::sim::discord

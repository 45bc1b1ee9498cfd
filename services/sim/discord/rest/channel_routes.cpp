#include "services/sim/discord/model/permissions.hpp"
#include "services/sim/discord/rest/call.hpp"
#include "services/sim/discord/rest/message_form.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace tutti::services::sim::discord {
namespace {

using namespace std::chrono_literals;

constexpr bucket_rule channel_read{"channel", 20, 1000ms};
constexpr bucket_rule message_create{"message-create", 5, 5000ms};
constexpr bucket_rule message_edit{"message-edit", 5, 5000ms};
constexpr bucket_rule message_delete{"message-delete", 5, 1000ms};
constexpr bucket_rule typing{"typing", 5, 5000ms};

/// The channel's guild, where this bot may look into it. Null: the answer is an error.
guild* visible_channel(rest_parts& parts, rest_call& call, http_response& error) {
  auto* in = parts.all.world.guild_of_channel(call.id(0));
  if (!in)
    error = rest_error(404, 10003, "Unknown Channel");
  else if ((parts.all.world.permissions(*in, call.who->id, call.id(0)) & permission::view_channel) == 0) {
    error = rest_error(403, 50001, "Missing Access");
    return nullptr;
  }
  return in;
}

message* message_of(rest_parts& parts, rest_call& call, http_response& error) {
  if (!visible_channel(parts, call, error))
    return nullptr;
  auto* found = parts.messages.find(call.id(1));
  if (found && found->channel == call.id(0) && !found->ephemeral)
    return found;
  error = rest_error(404, 10008, "Unknown Message");
  return nullptr;
}

http_response get_channel(rest_parts& parts, rest_call& call) {
  http_response out;
  if (auto* in = visible_channel(parts, call, out))
    return json_response(200, parts.all.world.channel(*in, call.id(0)));
  return out;
}

http_response get_messages(rest_parts& parts, rest_call& call) {
  http_response out;
  if (!visible_channel(parts, call, out))
    return out;
  std::size_t limit = 50;
  auto text = call.request.parameter("limit");
  auto read = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (!text.empty() && (read.ec != std::errc{} || limit < 1 || limit > 100)) {
    form checked;
    checked.fail(form_path{} / "limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.");
    return form_error(checked);
  }
  json::array all;
  for (auto* one : parts.messages.of_channel(call.id(0), limit))
    all.push_back(one->body);
  return json_response(200, std::move(all));
}

http_response get_message(rest_parts& parts, rest_call& call) {
  http_response out;
  if (auto* found = message_of(parts, call, out))
    return json_response(200, found->body);
  return out;
}

http_response post_message(rest_parts& parts, rest_call& call) {
  http_response out;
  auto* in = visible_channel(parts, call, out);
  if (!in)
    return out;
  if (parts.all.world.is_stage(call.id(0)))
    return rest_error(400, 50024, "Cannot execute action on this channel type");
  form checked;
  check_message(checked, {}, call.body,
                flag_suppress_embeds | flag_suppress_notifications | flag_components_v2);
  if (!checked.ok())
    return form_error(checked);
  if (is_empty_message(call.body))
    return rest_error(400, 50006, "Cannot send an empty message");
  auto& made = parts.messages.create(call.id(0), call.who->id, call.body, call.body["flags"].integer());
  ++parts.all.totals["messages"];
  auto event = made.body;
  event.set("guild_id", std::to_string(in->id));
  parts.over.broadcast(in->id, intent::messages, "MESSAGE_CREATE", event);
  return json_response(200, made.body);
}

http_response patch_message(rest_parts& parts, rest_call& call) {
  http_response out;
  auto* found = message_of(parts, call, out);
  if (!found)
    return out;
  if (found->author != call.who->id)
    return rest_error(403, 50005, "Cannot edit a message authored by another user");
  form checked;
  check_message(checked, {}, call.body, flag_suppress_embeds | flag_components_v2);
  if (!checked.ok())
    return form_error(checked);
  parts.messages.edit(*found, call.body);
  ++parts.all.totals["messageEdits"];
  return json_response(200, found->body);
}

http_response delete_message(rest_parts& parts, rest_call& call) {
  http_response out;
  auto* found = message_of(parts, call, out);
  if (!found)
    return out;
  if (found->author != call.who->id)
    return rest_error(403, 50013, "Missing Permissions");
  auto* in = parts.all.world.guild_of_channel(found->channel);
  parts.over.broadcast(in->id, intent::messages, "MESSAGE_DELETE",
                       json::object{{"id", std::to_string(found->id)},
                                    {"channel_id", std::to_string(found->channel)},
                                    {"guild_id", std::to_string(in->id)}});
  parts.messages.erase(found->id);
  return no_content();
}

http_response post_typing(rest_parts& parts, rest_call& call) {
  http_response out;
  return visible_channel(parts, call, out) ? no_content() : out;
}

} // namespace

const std::vector<rest_route>& channel_routes() {
  static const std::vector<rest_route> routes{
      {"GET", "/channels/{}", channel_read, true, get_channel},
      {"GET", "/channels/{}/messages", channel_read, true, get_messages},
      {"POST", "/channels/{}/messages", message_create, true, post_message},
      {"GET", "/channels/{}/messages/{}", channel_read, true, get_message},
      {"PATCH", "/channels/{}/messages/{}", message_edit, true, patch_message},
      {"DELETE", "/channels/{}/messages/{}", message_delete, true, delete_message},
      {"POST", "/channels/{}/typing", typing, true, post_typing},
  };
  return routes;
}

} // namespace tutti::services::sim::discord

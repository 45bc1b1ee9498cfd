#include "services/sim/discord/rest/call.hpp"
#include "services/sim/discord/rest/message_form.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace tutti::services::sim::discord {
namespace {

using namespace std::chrono_literals;

constexpr bucket_rule callbacks{"callback", 50, 1000ms};
constexpr bucket_rule webhook{"webhook", 5, 2000ms};

constexpr auto message_flags =
    flag_suppress_embeds | flag_ephemeral | flag_suppress_notifications | flag_components_v2;

bool may_answer(const interaction& one, std::int64_t type) {
  switch (one.type) {
  case 4:
    return type == 8;
  case 5:
    return type == 4 || type == 5 || ((type == 6 || type == 7) && one.component_message != 0);
  case 3:
    return type == 4 || type == 5 || type == 6 || type == 7 || type == 9;
  default:
    return type == 4 || type == 5 || type == 9;
  }
}

void check_choices(form& out, const json& data) {
  auto at = form_path{} / "data";
  if (!out.list(data, at, "choices", 0, 25))
    return;
  auto& all = data["choices"].items();
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto here = at / "choices" / i;
    out.text(all[i], here, "name", 1, 100, true);
    if (all[i]["value"].is_string())
      out.text(all[i], here, "value", 1, 100);
    else if (!all[i]["value"].is_number())
      out.fail(here / "value", "BASE_TYPE_REQUIRED", "This field is required");
  }
}

void check_callback(form& out, const interaction& to, const json& body) {
  auto at = form_path{} / "data";
  auto& data = body["data"];
  if (!out.choice(body, {}, "type", {1, 4, 5, 6, 7, 8, 9, 10, 12}, true))
    return;
  auto type = body["type"].integer();
  if (!may_answer(to, type))
    return out.fail(form_path{} / "type", "INTERACTION_RESPONSE_TYPE_INVALID",
                    "Not for this type of interaction");
  if (!data.is_null() && !data.is_object())
    return out.fail(at, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
  if (type == 4 || type == 7)
    check_message(out, at, data, type == 4 ? message_flags : flag_suppress_embeds | flag_components_v2);
  else if (type == 5 && (data["flags"].integer() & ~flag_ephemeral) != 0)
    out.fail(at / "flags", "BITFIELD_FLAGS_INVALID", "Only EPHEMERAL may be set here.");
  else if (type == 8)
    check_choices(out, data);
  else if (type == 9)
    check_modal(out, at, data);
}

message& create_reply(rest_parts& parts, interaction& to, const json& from, bool ephemeral) {
  auto flags = from["flags"].integer() | (ephemeral ? flag_ephemeral : 0);
  auto& made = parts.messages.create(to.channel, to.to->id, from, flags);
  made.body.set("type", to.type == 2 ? 20 : 0);
  made.body.set("application_id", std::to_string(to.to->id));
  made.body.set("webhook_id", std::to_string(to.to->id));
  return made;
}

json with_response(const interaction& to, std::int64_t type, const message* made) {
  json::object one{{"id", std::to_string(to.id)}, {"type", to.type}};
  if (made) {
    one.emplace_back("response_message_id", std::to_string(made->id));
    one.emplace_back("response_message_ephemeral", made->ephemeral);
    one.emplace_back("response_message_loading", type == 5);
  }
  json out = json::object{{"interaction", std::move(one)}};
  if (made && (type == 4 || type == 7))
    out.set("resource", json::object{{"type", type}, {"message", made->body}});
  return out;
}

/// The first answer: keeps it, and shows the scripted user what there is to see. The message, if one came of
/// it.
const message* answer(rest_parts& parts, interaction& to, const json& body) {
  auto& data = body["data"];
  auto type = body["type"].integer();
  to.callback = static_cast<int>(type);
  const message* made = nullptr;
  if (type == 4) {
    made = &create_reply(parts, to, data, false);
    to.original = made->id;
    to.ephemeral = made->ephemeral;
    parts.interactions.settle(to, made->body);
  } else if (type == 5) {
    to.ephemeral = (data["flags"].integer() & flag_ephemeral) != 0;
    auto& shown = create_reply(parts, to, json::object{{"flags", 1 << 7}}, to.ephemeral); // LOADING
    to.original = shown.id;
    made = &shown;
  } else if (type == 6 || type == 7) {
    to.original = to.component_message;
    auto* shown = parts.messages.find(to.original);
    if (shown && type == 7)
      parts.messages.edit(*shown, data);
    made = shown;
    parts.interactions.settle(to, shown ? shown->body : json{});
  } else {
    parts.interactions.settle(to, data);
  }
  return made;
}

http_response post_callback(rest_parts& parts, rest_call& call) {
  auto* to = parts.interactions.find(call.id(0), call.values[1]);
  if (!to) {
    ++parts.all.totals["callbacksTooLate"];
    return rest_error(404, 10062, "Unknown interaction");
  }
  if (to->callback != 0) {
    parts.interactions.effect(*to, "duplicates");
    parts.all.breach("callback_twice", json::object{{"interaction", call.values[0]}});
    return rest_error(400, 40060, "Interaction has already been acknowledged.");
  }
  form checked;
  check_callback(checked, *to, call.body);
  if (!checked.ok())
    return form_error(checked);
  auto type = call.body["type"].integer();
  if (type == 4 && is_empty_message(call.body["data"]))
    return rest_error(400, 50006, "Cannot send an empty message");
  ++parts.all.totals["interactionsAnswered"];
  parts.interactions.effect(*to, "callbacks");
  auto* made = answer(parts, *to, call.body);
  if (call.request.parameter("with_response") == "true")
    return json_response(200, with_response(*to, type, made));
  return no_content();
}

/// By application and token. Null: the answer is an error.
interaction* webhook_of(rest_parts& parts, rest_call& call, http_response& error) {
  auto* found = parts.interactions.find_webhook(call.id(0), call.values[1]);
  if (!found)
    error = call.values[1].size() == 64 ? rest_error(401, 50027, "Invalid Webhook Token")
                                        : rest_error(404, 10015, "Unknown Webhook");
  return found;
}

message* reply_of(rest_parts& parts, rest_call& call, interaction*& to, http_response& error) {
  to = webhook_of(parts, call, error);
  if (!to)
    return nullptr;
  auto original = call.values[2] == "@original";
  auto id = original ? to->original : call.id(2);
  auto known =
      id == to->original || std::find(to->followups.begin(), to->followups.end(), id) != to->followups.end();
  auto* found = known ? parts.messages.find(id) : nullptr;
  if (!found)
    error = rest_error(404, 10008, "Unknown Message");
  return found;
}

http_response get_reply(rest_parts& parts, rest_call& call) {
  http_response out;
  interaction* to = nullptr;
  auto* found = reply_of(parts, call, to, out);
  return found ? json_response(200, found->body) : out;
}

http_response patch_reply(rest_parts& parts, rest_call& call) {
  http_response out;
  interaction* to = nullptr;
  auto* found = reply_of(parts, call, to, out);
  if (!found)
    return out;
  form checked;
  check_message(checked, {}, call.body, message_flags);
  if (!checked.ok())
    return form_error(checked);
  constexpr std::int64_t loading = 1 << 7;
  auto first = (found->body["flags"].integer() & loading) != 0;
  if (first && is_empty_message(call.body))
    return rest_error(400, 50006, "Cannot send an empty message");
  parts.messages.edit(*found, call.body);
  found->body.set("flags", found->body["flags"].integer() & ~loading);
  parts.interactions.effect(*to, "edits");
  parts.interactions.settle(*to, found->body);
  return json_response(200, found->body);
}

http_response delete_reply(rest_parts& parts, rest_call& call) {
  http_response out;
  interaction* to = nullptr;
  auto* found = reply_of(parts, call, to, out);
  if (!found)
    return out;
  parts.messages.erase(found->id);
  parts.interactions.effect(*to, "deletes");
  return no_content();
}

http_response post_followup(rest_parts& parts, rest_call& call) {
  http_response out;
  auto* to = webhook_of(parts, call, out);
  if (!to)
    return out;
  form checked;
  check_message(checked, {}, call.body, message_flags);
  if (!checked.ok())
    return form_error(checked);
  if (is_empty_message(call.body))
    return rest_error(400, 50006, "Cannot send an empty message");
  auto& made = create_reply(parts, *to, call.body, false);
  to->followups.push_back(made.id);
  parts.interactions.effect(*to, "followups");
  parts.interactions.settle(*to, made.body);
  return json_response(200, made.body);
}

} // namespace

const std::vector<rest_route>& interaction_routes() {
  static const std::vector<rest_route> routes{
      {"POST", "/interactions/{}/{}/callback", callbacks, false, post_callback},
      {"POST", "/webhooks/{}/{}", webhook, false, post_followup},
      {"GET", "/webhooks/{}/{}/messages/{}", webhook, false, get_reply},
      {"PATCH", "/webhooks/{}/{}/messages/{}", webhook, false, patch_reply},
      {"DELETE", "/webhooks/{}/{}/messages/{}", webhook, false, delete_reply},
  };
  return routes;
}

} // namespace tutti::services::sim::discord

// Prints bodies as the encoders make them, one JSON object a line: {"route": [method, path pattern], "body":
// …}; discord_schemas.py holds them against Discord's own schemas.
#include "protocols/discord/interactions/callbacks.hpp"
#include "protocols/discord/interactions/commands.hpp"
#include "protocols/discord/rest/bodies.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

using namespace tutti::protocols;
using namespace tutti::protocols::discord;

constexpr const char* callback = "/interactions/{interaction_id}/{interaction_token}/callback";
constexpr const char* answer = "/webhooks/{webhook_id}/{webhook_token}/messages/@original";
constexpr const char* follow_up = "/webhooks/{webhook_id}/{webhook_token}";
constexpr const char* messages = "/channels/{channel_id}/messages";
constexpr const char* one_message = "/channels/{channel_id}/messages/{message_id}";

void print(const char* method, const char* path, const std::string& body) {
  std::printf("{\"route\":[\"%s\",\"%s\"],\"body\":%s}\n", method, path, body.c_str());
}
void print(const char* method, const char* path, const json::outcome<std::string>& body) {
  if (auto* wrong = std::get_if<json::field_error>(&body)) {
    std::fprintf(stderr, "%s %s: %s\n", method, path, to_string(*wrong).c_str());
    std::exit(1);
  }
  print(method, path, std::get<std::string>(body));
}

/// Everything that a message can have, at its bounds.
message full_message() {
  embed big{.title = std::string(256, 't'),
            .description = std::string(1000, 'd'),
            .url = "https://x.example/track",
            .color = 0xFFFFFF,
            .author = std::string(256, 'a'),
            .author_url = "https://x.example/a",
            .author_icon_url = "https://x.example/i.png",
            .thumbnail_url = "https://x.example/t.png",
            .image_url = "https://x.example/b.png",
            .footer = std::string(500, 'f'),
            .footer_icon_url = "https://x.example/f.png"};
  for (int i = 0; i < 25; ++i)
    big.fields.push_back({"n" + std::to_string(i), std::string(100, 'v'), i % 2 == 0});
  message x{
      .content = std::string(2000, 'c'), .embeds = {big}, .silent = true, .may_mention = {user_id{700}}};
  x.embeds.resize(10, embed{.title = "t"});
  action_row buttons;
  for (int i = 0; i < 4; ++i)
    buttons.components.push_back(button{static_cast<button::style>(i + 1), std::string(80, 'l'),
                                        emoji{0, "\xF0\x9F\x8E\xB5"},
                                        std::string(99, 'i') + std::to_string(i), "", i == 3});
  buttons.components.push_back(
      button{button::style::link, "Open", emoji{7, "own"}, "", "https://x.example", false});
  x.rows.push_back(buttons);
  discord::select strings{
      .custom_id = "strings", .placeholder = std::string(150, 'p'), .min_values = 0, .max_values = 25};
  for (int i = 0; i < 25; ++i)
    strings.options.push_back({std::string(98, 'L') + std::to_string(10 + i),
                               std::string(98, 'V') + std::to_string(10 + i), std::string(100, 'D'),
                               emoji{0, "\xF0\x9F\x8E\xB5"}, i == 0});
  x.rows.push_back({{strings}});
  x.rows.push_back({{discord::select{.of = discord::select::type::user, .custom_id = "users"}}});
  x.rows.push_back(
      {{discord::select{.of = discord::select::type::role, .custom_id = "roles", .disabled = true}}});
  x.rows.push_back(
      {{discord::select{.of = discord::select::type::channel,
                        .custom_id = "channels",
                        .channel_types = {channel_type::guild_voice, channel_type::guild_stage_voice}}}});
  return x;
}

std::vector<command_definition> commands() {
  using enum option_type;
  command_definition all{
      .name = "all", .description = std::string(100, 'd'), .default_member_permissions = permission_set{32}};
  for (auto type : {string, integer, number, boolean, user, discord::option_type::channel, role, mentionable,
                    discord::option_type::attachment})
    all.options.push_back({.type = type,
                           .name = "o" + std::to_string(static_cast<int>(type)),
                           .description = "d",
                           .required = true});
  all.options[0].min_length = 1;
  all.options[0].max_length = 6000;
  all.options[1].min_value = -5;
  all.options[1].max_value = 100;
  all.options[2].min_value = 0.5;
  all.options[5].channel_types = {channel_type::guild_voice};
  command_definition subs{.name = "subs", .description = "d"};
  option_definition sub{.type = subcommand, .name = "sub", .description = "d"};
  sub.options.push_back(
      {.type = string, .name = "choice", .description = "d", .choices = {{"A", "a"}, {"B", "b"}}});
  sub.options.push_back(
      {.type = integer, .name = "whole", .description = "d", .choices = {{"1", std::int64_t{1}}}});
  sub.options.push_back({.type = number, .name = "real", .description = "d", .choices = {{"1.5", 1.5}}});
  sub.options.push_back({.type = string, .name = "typed", .description = "d", .autocomplete = true});
  subs.options = {{.type = subcommand_group, .name = "group", .description = "d", .options = {sub}}, sub};
  return {all,
          subs,
          {.type = command_type::message, .name = "Play This"},
          {.type = command_type::user, .name = "DJ"}};
}

} // namespace

int main() {
  auto full = full_message();
  const message_edit edit{full.content, full.embeds, full.rows};
  const message_edit clear{"", std::vector<embed>{}, std::vector<action_row>{}};
  for (auto& one : {message{.content = "x", .ephemeral = true}, full}) {
    print("POST", callback, encode_reply(one));
    print("POST", follow_up, encode(one));
  }
  print("POST", messages, encode_post(full));
  for (auto& one : {edit, clear}) {
    print("POST", callback, encode_update(one));
    print("PATCH", answer, encode(one));
    print("PATCH", one_message, encode(one));
  }
  print("POST", callback, encode_pong());
  print("POST", callback, encode_deferred_reply(true));
  print("POST", callback, encode_deferred_reply(false));
  print("POST", callback, encode_deferred_update());
  print("POST", callback, encode_choices(std::vector<choice>{{"A", "a"}, {"B", std::string(100, 'b')}}));
  print("POST", callback, encode_choices(std::vector<choice>{{"A", std::int64_t{1}}}));
  print("POST", callback, encode_choices(std::vector<choice>{{"A", 1.5}}));
  print("POST", callback, encode_choices({}));
  print("POST", callback,
        encode(modal{
            "m",
            std::string(45, 't'),
            {{"a", std::string(45, 'l'), std::string(100, 'p'), std::string(4000, 'v'), 0, 4000, true, false},
             {"b", "l"}}}));
  print("PUT", "/applications/{application_id}/commands", encode_commands(commands()));
  print("PUT", "/applications/{application_id}/guilds/{guild_id}/commands", encode_commands({}));
  print("PATCH", "/guilds/{guild_id}/voice-states/@me",
        encode_stage_state(channel_id{9007199254740993}, false));
}

#include "protocols/discord/rest/routes.hpp"

#include "protocols/discord/fingerprint.hpp"

namespace tutti::protocols::discord {
namespace {

/// Percent-encodes all but RFC 3986's unreserved characters, so that a token cannot lead elsewhere.
std::string path_segment(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'
        || c == '~' || (c == '.' && text != "." && text != "..")) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

route of_channel(std::string_view method, std::string_view pattern, channel_id channel, std::string rest) {
  auto id = to_string(channel);
  return {method, pattern, "/channels/" + id + rest, "channel:" + id};
}

route of_guild(std::string_view method, std::string_view pattern, guild_id guild, std::string rest) {
  auto id = to_string(guild);
  return {method, pattern, "/guilds/" + id + rest, "guild:" + id};
}

/// An interaction's answers are a webhook's messages: their buckets go by application and token.
route of_answer(std::string_view method, std::string_view pattern, application_id application,
                std::string_view token, std::string rest) {
  auto id = to_string(application);
  return {method,
          pattern,
          "/webhooks/" + id + "/" + path_segment(token) + rest,
          "webhook:" + id + ":" + fingerprint(token),
          false,
          false};
}

} // namespace

std::string bucket_key(const route& to, std::string_view bucket) {
  return std::string{bucket} + "|" + to.major;
}

std::string unnamed_bucket_key(const route& to) {
  return std::string{to.method} + " " + std::string{to.pattern} + "|" + to.major;
}

route get_gateway_bot() {
  return {"GET", "/gateway/bot", "/gateway/bot", ""};
}

route get_own_user() {
  return {"GET", "/users/@me", "/users/@me", ""};
}

route get_guild(guild_id guild) {
  return of_guild("GET", "/guilds/{guild.id}", guild, "");
}

route create_message(channel_id channel) {
  return of_channel("POST", "/channels/{channel.id}/messages", channel, "/messages");
}

route edit_message(channel_id channel, message_id message) {
  return of_channel("PATCH", "/channels/{channel.id}/messages/{message.id}", channel,
                    "/messages/" + to_string(message));
}

route delete_message(channel_id channel, message_id message) {
  return of_channel("DELETE", "/channels/{channel.id}/messages/{message.id}", channel,
                    "/messages/" + to_string(message));
}

route get_voice_state(guild_id guild, user_id user) {
  return of_guild("GET", "/guilds/{guild.id}/voice-states/{user.id}", guild,
                  "/voice-states/" + to_string(user));
}

route edit_own_voice_state(guild_id guild) {
  return of_guild("PATCH", "/guilds/{guild.id}/voice-states/@me", guild, "/voice-states/@me");
}

route get_commands(application_id application) {
  return {"GET", "/applications/{application.id}/commands",
          "/applications/" + to_string(application) + "/commands", ""};
}

route put_commands(application_id application) {
  return {"PUT", "/applications/{application.id}/commands",
          "/applications/" + to_string(application) + "/commands", ""};
}

route put_guild_commands(application_id application, guild_id guild) {
  auto id = to_string(guild);
  return {"PUT", "/applications/{application.id}/guilds/{guild.id}/commands",
          "/applications/" + to_string(application) + "/guilds/" + id + "/commands", "guild:" + id};
}

route interaction_callback(interaction_id interaction, std::string_view token) {
  auto id = to_string(interaction);
  return {"POST",
          "/interactions/{interaction.id}/{interaction.token}/callback",
          "/interactions/" + id + "/" + path_segment(token) + "/callback",
          "interaction:" + id,
          false,
          false};
}

route get_answer(application_id application, std::string_view token) {
  return of_answer("GET", "/webhooks/{application.id}/{interaction.token}/messages/@original", application,
                   token, "/messages/@original");
}

route edit_answer(application_id application, std::string_view token) {
  return of_answer("PATCH", "/webhooks/{application.id}/{interaction.token}/messages/@original", application,
                   token, "/messages/@original");
}

route delete_answer(application_id application, std::string_view token) {
  return of_answer("DELETE", "/webhooks/{application.id}/{interaction.token}/messages/@original", application,
                   token, "/messages/@original");
}

route create_follow_up(application_id application, std::string_view token) {
  return of_answer("POST", "/webhooks/{application.id}/{interaction.token}", application, token, "");
}

route edit_follow_up(application_id application, std::string_view token, message_id message) {
  return of_answer("PATCH", "/webhooks/{application.id}/{interaction.token}/messages/{message.id}",
                   application, token, "/messages/" + to_string(message));
}

route delete_follow_up(application_id application, std::string_view token, message_id message) {
  return of_answer("DELETE", "/webhooks/{application.id}/{interaction.token}/messages/{message.id}",
                   application, token, "/messages/" + to_string(message));
}

} // namespace tutti::protocols::discord

#pragma once
#include "protocols/discord/interactions/incoming.hpp"
#include "protocols/discord/snowflake.hpp"
#include "protocols/json/outcome.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What Discord's REST routes answer, as far as something here needs it.
namespace tutti::protocols::discord {

/// Of GET /gateway/bot.
struct gateway_bot {
  std::string url; ///< ws or wss
  std::uint32_t shards = 0;
  std::uint32_t identifies_total = 0, identifies_left = 0; ///< in 24 h
  std::int64_t reset_after_ms = 0;                         ///< until they are all back
  std::uint32_t max_concurrency = 1;                       ///< identifies per 5 s
};
json::outcome<gateway_bot> decode_gateway_bot(std::string_view body);

/// Of GET /users/@me.
json::outcome<user_info> decode_user(std::string_view body);

/// Of a message that was posted or edited.
struct posted_message {
  message_id id;
  channel_id channel;
};
json::outcome<posted_message> decode_posted_message(std::string_view body);

struct registered_command {
  command_id id;
  command_type type = command_type::chat_input;
  std::string name;
};
json::outcome<std::vector<registered_command>> decode_registered_commands(std::string_view body);

/// Codes in an error's body that somebody acts on.
namespace api_codes {
inline constexpr std::int64_t unknown_channel = 10003;
inline constexpr std::int64_t unknown_guild = 10004;
inline constexpr std::int64_t unknown_message = 10008;
inline constexpr std::int64_t unknown_interaction = 10062;
inline constexpr std::int64_t unknown_voice_state = 10065;
inline constexpr std::int64_t already_acknowledged = 40060;
inline constexpr std::int64_t missing_access = 50001;
inline constexpr std::int64_t missing_permissions = 50013;
inline constexpr std::int64_t invalid_token = 50014;
inline constexpr std::int64_t invalid_webhook_token = 50027;
inline constexpr std::int64_t invalid_form_body = 50035;
} // namespace api_codes

/// Body of an answer that is an error.
struct api_error {
  std::int64_t code = 0; ///< 0 when not said
  std::string message;
  std::vector<json::field_error> errors; ///< of invalid bodies; the first 20
};
json::outcome<api_error> decode_api_error(std::string_view body);

/// "50035 Invalid Form Body (content: Must be 2000 or fewer in length.)", for logs.
std::string to_string(const api_error& what);

} // namespace tutti::protocols::discord

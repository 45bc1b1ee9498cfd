#pragma once
#include "protocols/discord/interactions/resolved.hpp"
#include "protocols/discord/permissions.hpp"
#include "protocols/discord/snowflake.hpp"
#include "protocols/json/outcome.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a user did: INTERACTION_CREATE of the gateway, or the body of POST /interactions (discord-gateway,
/// "Interactions").
namespace tutti::protocols::discord {

enum class interaction_type : std::uint8_t {
  ping = 1, ///< by HTTP only
  command = 2,
  component = 3,
  autocomplete = 4,
  modal_submit = 5,
};

enum class option_type : std::uint8_t {
  subcommand = 1,
  subcommand_group = 2,
  string = 3,
  integer = 4,
  boolean = 5,
  user = 6,
  channel = 7,
  role = 8,
  mentionable = 9,
  number = 10,
  attachment = 11,
};

enum class command_type : std::uint8_t { chat_input = 1, user = 2, message = 3 };

/// The id of what an option points to; `resolved` has more about it.
struct option_target {
  std::uint64_t id = 0;

  bool operator==(const option_target&) const = default;
};

struct command_option {
  std::string name;
  option_type type = option_type::string;
  /// By its type. While it is being typed, the text so far, whatever the type.
  std::variant<std::string, std::int64_t, double, bool, option_target> value;
  bool focused = false; ///< in autocomplete: is being typed

  bool operator==(const command_option&) const = default;
};

/// Of a command, and of its autocomplete.
struct command_data {
  command_id id;
  std::string name;
  command_type type = command_type::chat_input;
  std::string group;      ///< "" without
  std::string subcommand; ///< "" without
  std::vector<command_option> options;
  std::uint64_t target = 0; ///< user or message that a context menu was opened on
  resolved_things resolved;

  const command_option* find(std::string_view option) const noexcept;
  const command_option* focused() const noexcept;
};

struct component_data {
  std::string custom_id;
  std::uint8_t component_type = 0;
  std::vector<std::string> values; ///< of a select
  resolved_things resolved;
};

struct modal_field {
  std::string custom_id;
  std::vector<std::string> values; ///< one of a text input

  bool operator==(const modal_field&) const = default;
};

struct modal_data {
  std::string custom_id;
  std::vector<modal_field> fields;
};

/// Who did it.
struct invoker {
  user_info user;
  std::string nick;           ///< in the guild; "" without
  std::vector<role_id> roles; ///< in the guild
  permission_set permissions; ///< in the channel, Discord's own computation; none in direct messages

  std::string_view display_name() const noexcept;
};

struct interaction {
  interaction_id id;
  application_id application;
  interaction_type type = interaction_type::ping; ///< may be a number without a name here
  std::string token;                              ///< a secret: answers need nothing else
  std::optional<guild_id> guild;
  std::optional<channel_id> channel;
  invoker by;                     ///< of a ping: nobody
  permission_set app_permissions; ///< the bot's in the channel
  std::string locale;             ///< the user's; "" if unknown
  std::string guild_locale;
  std::optional<message_id> message; ///< that holds the component
  std::variant<std::monostate, command_data, component_data, modal_data> data;
};

/// `root` is what errors call the whole text.
json::outcome<interaction> decode_interaction(std::string_view text, std::string_view root = "d");

} // namespace tutti::protocols::discord

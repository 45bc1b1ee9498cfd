#pragma once
#include "protocols/discord/channel_type.hpp"
#include "protocols/discord/interactions/callbacks.hpp"
#include "protocols/discord/interactions/incoming.hpp"
#include "protocols/discord/permissions.hpp"
#include "protocols/json/outcome.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// What a bot registers with PUT /applications/{application}/commands (discord-gateway, "Registering
/// commands"). Commands are for guilds only: contexts [0], integration types [0].
namespace tutti::protocols::discord {

struct option_definition {
  option_type type = option_type::string;
  std::string name;                                    ///< 1 … 32 letters, digits, "-", "_", lower case
  std::string description;                             ///< 1 … 100
  bool required = false;                               ///< these come first
  bool autocomplete = false;                           ///< of strings and numbers without choices
  std::vector<choice> choices;                         ///< at most 25; of strings and numbers
  std::vector<channel_type> channel_types;             ///< of channels; empty: all
  std::optional<double> min_value, max_value;          ///< of numbers
  std::optional<std::uint16_t> min_length, max_length; ///< of strings, at most 6000
  std::vector<option_definition> options;              ///< of subcommands and groups; at most 25
};

struct command_definition {
  command_type type = command_type::chat_input;
  std::string name;                       ///< as an option's; of context menus anything of 1 … 32
  std::string description;                ///< 1 … 100; of context menus none
  std::vector<option_definition> options; ///< at most 25
  /// Who lacks one of these does not see the command, unless a guild decides otherwise; nothing: everybody.
  std::optional<permission_set> default_member_permissions;
};

/// The body, with the commands sorted by type and name, so that equal sets are equal texts. At most 100
/// slash commands and 15 context menus of each type; a command has at most 8000 characters.
json::outcome<std::string> encode_commands(std::span<const command_definition> commands);

/// 16 hexadecimal digits of `encode_commands`' text: register only when they are not those of the last time.
/// Not a protection against intent.
std::string commands_hash(std::string_view body);

} // namespace tutti::protocols::discord

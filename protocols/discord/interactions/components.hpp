#pragma once
#include "protocols/discord/channel_type.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What a user can press and choose below a message. Texts are counted in characters.
namespace tutti::protocols::discord {

struct emoji {
  std::uint64_t id = 0; ///< of a guild's own; 0: `name` is a Unicode one
  std::string name;
};

struct button {
  enum class style : std::uint8_t { primary = 1, secondary = 2, success = 3, danger = 4, link = 5 };

  style look = style::secondary;
  std::string label; ///< at most 80; may be empty when there is an emoji
  std::optional<emoji> icon;
  std::string custom_id; ///< 1 … 100, unique in the message; not of a link
  std::string url;       ///< of a link only; at most 512
  bool disabled = false;
};

struct select_option {
  std::string label;       ///< 1 … 100
  std::string value;       ///< 1 … 100, unique in the select
  std::string description; ///< at most 100
  std::optional<emoji> icon;
  bool chosen = false;
};

struct select {
  enum class type : std::uint8_t { string = 3, user = 5, role = 6, mentionable = 7, channel = 8 };

  type of = type::string;
  std::string custom_id;                       ///< as a button's
  std::string placeholder;                     ///< at most 150
  std::uint8_t min_values = 1, max_values = 1; ///< 0 … 25, 1 … 25
  std::vector<select_option> options;          ///< of type string only: 1 … 25
  std::vector<channel_type> channel_types;     ///< of type channel only; empty: all
  bool disabled = false;
};

/// Up to five buttons, or one select.
struct action_row {
  std::vector<std::variant<button, select>> components;
};

} // namespace tutti::protocols::discord

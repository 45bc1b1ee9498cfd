#include "protocols/discord/interactions/command_data.hpp"

#include "protocols/discord/fields.hpp"

#include <algorithm>
#include <charconv>

namespace tutti::protocols::discord {
namespace {

constexpr std::size_t most_options = 25;
constexpr int group_depth = 3; // group, subcommand, option

/// An option's value before its type is known.
struct loose_value {
  json::kind kind = json::kind::none;
  std::string text; ///< of a string, or of a number as it stands there
  bool flag = false;

  bool read(json::reader& in) {
    kind = in.peek();
    if (kind == json::kind::string)
      return in.string(text);
    if (kind == json::kind::boolean)
      return in.boolean(flag);
    std::string_view slice;
    if (kind != json::kind::number)
      return in.fail("must be a string, a number or a boolean");
    if (!in.raw(slice))
      return false;
    text = slice;
    return true;
  }

  template <class Number>
  bool number(Number& out) const noexcept {
    auto end = text.data() + text.size();
    return kind == json::kind::number
           && std::from_chars(text.data(), end, out) == std::from_chars_result{end, {}};
  }
};

/// What the option's value must be by its type.
bool settle(json::reader& in, command_option& x, loose_value& value) {
  auto wrong = [&](const char* detail) { return in.fail_member("value", detail); };
  if (value.kind == json::kind::none)
    return in.missing("value");
  if (x.focused && value.kind == json::kind::string) {
    x.value = std::move(value.text);
    return true;
  }
  switch (x.type) {
  case option_type::integer: {
    std::int64_t number = 0;
    if (!value.number(number))
      return wrong("must be an integer");
    x.value = number;
    return true;
  }
  case option_type::number: {
    double number = 0;
    if (!value.number(number))
      return wrong("must be a number");
    x.value = number;
    return true;
  }
  case option_type::boolean:
    x.value = value.flag;
    return value.kind == json::kind::boolean || wrong("must be a boolean");
  case option_type::user:
  case option_type::channel:
  case option_type::role:
  case option_type::mentionable:
  case option_type::attachment: {
    auto id = parse_snowflake(value.text);
    if (value.kind != json::kind::string || !id)
      return wrong("must be a snowflake");
    x.value = option_target{*id};
    return true;
  }
  default: // a string, or a type of tomorrow that may be read as one
    if (value.kind != json::kind::string)
      return wrong("must be a string");
    x.value = std::move(value.text);
    return true;
  }
}

bool read_options(json::reader& in, command_data& x, int depth);

bool read_option(json::reader& in, command_data& x, int depth) {
  command_option option;
  loose_value value;
  std::uint8_t type = 0;
  bool good = in.object([&](std::string_view key) {
    if (key == "name")
      read(in, option.name);
    else if (key == "type")
      read(in, type);
    else if (key == "value")
      value.read(in);
    else if (key == "focused")
      read(in, option.focused);
    else if (key == "options")
      read_options(in, x, depth + 1);
    else
      in.skip();
  });
  if (!good)
    return false;
  if (option.name.empty())
    return in.missing("name");
  if (type == 0)
    return in.missing("type");
  option.type = static_cast<option_type>(type);
  if (option.type == option_type::subcommand) {
    x.subcommand = std::move(option.name);
    return true;
  }
  if (option.type == option_type::subcommand_group) {
    x.group = std::move(option.name);
    return true;
  }
  if (x.options.size() == most_options)
    return in.fail("is one option too many");
  return settle(in, option, value) && (x.options.push_back(std::move(option)), true);
}

bool read_options(json::reader& in, command_data& x, int depth) {
  if (depth > group_depth)
    return in.fail("is nested too deeply");
  return in.array([&] { read_option(in, x, depth); });
}

} // namespace

bool read(json::reader& in, command_data& x) {
  return in.object([&](std::string_view key) {
    if (key == "id") {
      read(in, x.id);
    } else if (key == "name") {
      read(in, x.name);
    } else if (key == "type") {
      std::uint8_t type = 0;
      read(in, type);
      x.type = static_cast<command_type>(type);
    } else if (key == "options") {
      x.options.clear();
      read_options(in, x, 1);
    } else if (key == "target_id") {
      read_id(in, x.target);
    } else if (key == "resolved") {
      read(in, x.resolved);
    } else {
      in.skip();
    }
  }) && (x.id || in.missing("id"))
         && (!x.name.empty() || in.missing("name"));
}

const command_option* command_data::find(std::string_view option) const noexcept {
  auto found = std::find_if(options.begin(), options.end(), [&](auto& one) { return one.name == option; });
  return found == options.end() ? nullptr : &*found;
}

const command_option* command_data::focused() const noexcept {
  auto found = std::find_if(options.begin(), options.end(), [](auto& one) { return one.focused; });
  return found == options.end() ? nullptr : &*found;
}

} // namespace tutti::protocols::discord

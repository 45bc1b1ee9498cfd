#include "protocols/discord/interactions/commands.hpp"

#include "protocols/discord/fingerprint.hpp"
#include "protocols/discord/interactions/choice_fields.hpp"
#include "protocols/discord/text.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <tuple>

namespace tutti::protocols::discord {
namespace {

constexpr std::size_t most_command_text = 8000;

bool is_sub(option_type type) noexcept {
  return type == option_type::subcommand || type == option_type::subcommand_group;
}

bool is_number(option_type type) noexcept {
  return type == option_type::integer || type == option_type::number;
}

/// Of ASCII: small letters, digits, "-", "_" and "'"; other scripts are left to Discord.
bool is_command_name(std::string_view name) noexcept {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '\''
           || static_cast<unsigned char>(c) >= 0x80;
  });
}

/// Writes one command and counts its texts.
class command_writer {
public:
  explicit command_writer(bounded_body& body) noexcept : body_(body) {}

  void write(const command_definition& x) {
    body_.object([&] {
      body_.json().member("type", static_cast<int>(x.type));
      if (x.type == command_type::chat_input) {
        names(x.name, x.description);
        if (!x.options.empty())
          write_options(x.options, 0);
      } else {
        text("name", x.name, 32);
        body_.require(x.description.empty(), "description", "is for slash commands only");
        body_.require(x.options.empty(), "options", "are for slash commands only");
      }
      if (x.default_member_permissions)
        body_.json().member("default_member_permissions", to_string(*x.default_member_permissions));
      body_.json().key("contexts").begin_array().integer(0).end_array();
      body_.json().key("integration_types").begin_array().integer(0).end_array();
    });
    body_.require(length_ <= most_command_text, "", "must have at most 8000 characters in all");
  }

private:
  void text(std::string_view name, std::string_view value, std::size_t most) {
    body_.text(name, value, 1, most);
    length_ += characters(value);
  }

  void names(std::string_view name, std::string_view description) {
    text("name", name, 32);
    body_.require(is_command_name(name), "name", "must be small letters, digits, - and _");
    text("description", description, 100);
  }

  /// `depth` 0: of a command; 1: of a group or subcommand; 2: of a group's subcommand.
  void write_options(const std::vector<option_definition>& options, int depth) {
    std::set<std::string_view> seen;
    bool optional_before = false;
    body_.list("options", options, 0, 25, [&](const option_definition& one) {
      body_.require(seen.insert(one.name).second, "name", "is there twice");
      body_.require(is_sub(one.type) == is_sub(options[0].type), "type",
                    "subcommands and other options do not go together");
      body_.require(!one.required || !optional_before, "required", "these come before the others");
      optional_before = !one.required;
      write_option(one, depth);
    });
  }

  void write_option(const option_definition& x, int depth) {
    body_.object([&] {
      body_.json().member("type", static_cast<int>(x.type));
      names(x.name, x.description);
      if (is_sub(x.type)) {
        write_sub(x, depth);
        return;
      }
      body_.require(x.options.empty(), "options", "are for subcommands and groups only");
      if (x.required)
        body_.json().member("required", true);
      write_choice_fields(x);
      write_bounds(x);
      write_channel_types(x);
    });
  }

  void write_sub(const option_definition& x, int depth) {
    const bool group = x.type == option_type::subcommand_group;
    body_.require(!x.required, "required", "is not for subcommands and groups");
    for (auto& one : x.options)
      if (group ? one.type != option_type::subcommand : is_sub(one.type)) {
        body_.fail("options", group ? "must be subcommands" : "must not be subcommands or groups");
        return;
      }
    if (group && (depth > 0 || x.options.empty())) {
      body_.fail("options", depth > 0 ? "a group must stand at the top" : "must have 1 to 25 elements");
      return;
    }
    if (!x.options.empty())
      write_options(x.options, depth + 1);
  }

  void write_choice_fields(const option_definition& x) {
    const bool can = x.type == option_type::string || is_number(x.type);
    if (x.autocomplete) {
      body_.require(can, "autocomplete", "is for strings and numbers only");
      body_.require(x.choices.empty(), "autocomplete", "does not go with choices");
      body_.json().member("autocomplete", true);
    }
    if (x.choices.empty())
      return;
    body_.require(can, "choices", "are for strings and numbers only");
    for (auto& one : x.choices) {
      const bool fits = x.type == option_type::string    ? std::holds_alternative<std::string>(one.value)
                        : x.type == option_type::integer ? std::holds_alternative<std::int64_t>(one.value)
                                                         : !std::holds_alternative<std::string>(one.value);
      body_.require(fits, "choices", "must have values of the option's type");
      length_ += characters(one.name);
      if (auto* value = std::get_if<std::string>(&one.value))
        length_ += characters(*value);
    }
    write_choices(body_, x.choices);
  }

  void write_limit(std::string_view name, const option_definition& x, std::optional<double> value) {
    if (!value)
      return;
    body_.require(is_number(x.type), name, "is for numbers only");
    body_.require(std::fabs(*value) <= 9007199254740992.0, name, "must be within 2^53");
    if (x.type == option_type::integer && std::fabs(*value) <= 9007199254740992.0) {
      body_.require(*value == std::floor(*value), name, "must be an integer");
      body_.json().member(name, static_cast<std::int64_t>(*value));
    } else {
      body_.json().member(name, *value);
    }
  }

  void write_length(std::string_view name, const option_definition& x, std::optional<std::uint16_t> value,
                    std::uint16_t least) {
    if (!value)
      return;
    body_.require(x.type == option_type::string, name, "is for strings only");
    body_.require(*value >= least && *value <= 6000, name, "must be at most 6000");
    body_.json().member(name, *value);
  }

  void write_bounds(const option_definition& x) {
    write_limit("min_value", x, x.min_value);
    write_limit("max_value", x, x.max_value);
    if (x.min_value && x.max_value)
      body_.require(*x.min_value <= *x.max_value, "min_value", "must not be more than max_value");
    write_length("min_length", x, x.min_length, 0);
    write_length("max_length", x, x.max_length, 1);
    if (x.min_length && x.max_length)
      body_.require(*x.min_length <= *x.max_length, "min_length", "must not be more than max_length");
  }

  void write_channel_types(const option_definition& x) {
    if (x.channel_types.empty())
      return;
    body_.require(x.type == option_type::channel, "channel_types", "are for channels only");
    body_.json().key("channel_types").begin_array();
    for (auto type : x.channel_types)
      body_.json().integer(static_cast<int>(type));
    body_.json().end_array();
  }

  bounded_body& body_;
  std::size_t length_ = 0;
};

std::size_t most_commands(command_type type) noexcept {
  return type == command_type::chat_input ? 100 : 15;
}

void check_set(bounded_body& body, const std::vector<const command_definition*>& sorted) {
  std::size_t same_type = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    auto& one = *sorted[i];
    same_type = i > 0 && sorted[i - 1]->type == one.type ? same_type + 1 : 1;
    body.require(same_type <= most_commands(one.type), "", "there are too many commands of a type");
    body.require(i == 0 || sorted[i - 1]->type != one.type || sorted[i - 1]->name != one.name, "",
                 "two commands have the same name");
  }
}

} // namespace

json::outcome<std::string> encode_commands(std::span<const command_definition> commands) {
  std::vector<const command_definition*> sorted;
  for (auto& one : commands)
    sorted.push_back(&one);
  std::sort(sorted.begin(), sorted.end(),
            [](auto* a, auto* b) { return std::tie(a->type, a->name) < std::tie(b->type, b->name); });
  bounded_body body;
  check_set(body, sorted);
  body.json().begin_array();
  for (auto* one : sorted)
    body.within("[" + std::to_string(one - commands.data()) + "]", [&] { command_writer{body}.write(*one); });
  body.json().end_array();
  return body.finish();
}

std::string commands_hash(std::string_view body) {
  return fingerprint(body);
}

} // namespace tutti::protocols::discord

#include "services/sim/discord/rest/command_form.hpp"

#include "services/sim/discord/model/ids.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace tutti::services::sim::discord {
namespace {

constexpr std::size_t max_command_text = 8000;

bool is_slash_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c >= 0x80 || std::islower(c) || std::isdigit(c) || c == '-' || c == '_' || c == '\'';
  });
}

void check_name(form& out, const form_path& at, const json& body, bool slash, bool required) {
  if (out.text(body, at, "name", 1, 32, required) && slash && !is_slash_name(body["name"].text()))
    out.fail(at / "name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
}

std::size_t text_of(const json& body) {
  return length_of(body["name"].text()) + length_of(body["description"].text());
}

bool fits(const json& value, std::int64_t type) {
  return type == 3 ? value.is_string() : type == 4 ? value.is_integer() : value.is_number();
}

/// The options of a command, a group or a subcommand.
class option_check {
public:
  explicit option_check(form& out) : out_(out) {}

  /// `depth`: 0 of a command, 1 of a group, 2 of a subcommand.
  void all(const form_path& at, const json& body, int depth) {
    if (!out_.list(body, at, "options", 0, 25))
      return;
    auto& options = body["options"].items();
    std::set<std::string> names;
    bool optional_seen = false, subcommands = false, values = false;
    for (std::size_t i = 0; i < options.size(); ++i) {
      auto here = at / "options" / i;
      auto type = options[i]["type"].integer();
      one(here, options[i], depth);
      (type == 1 || type == 2 ? subcommands : values) = true;
      if (!names.insert(options[i]["name"].text()).second)
        out_.fail(here / "name", "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED",
                  "Option names must be unique");
      auto required = options[i]["required"].truth();
      if (required && optional_seen)
        out_.fail(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                  "Required options must be placed before non-required options");
      optional_seen |= !required;
    }
    if (subcommands && values)
      out_.fail(at / "options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                "Sub-command and sub-command group option types are mutually exclusive to all other types");
  }
  std::size_t text = 0;

private:
  void one(const form_path& at, const json& option, int depth) {
    text += text_of(option);
    check_name(out_, at, option, true, true);
    out_.text(option, at, "description", 1, 100, true);
    out_.truth(option, at, "required");
    if (!out_.choice(option, at, "type", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, true))
      return;
    auto type = option["type"].integer();
    if ((type == 2 && depth > 0) || (type == 1 && depth > 1))
      return out_.fail(at / "type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "It cannot be nested here");
    if (type <= 2)
      return all(at, option, type == 2 ? 1 : 2);
    if (type == 3) {
      out_.integer(option, at, "min_length", 0, 6000);
      out_.integer(option, at, "max_length", 1, 6000);
    }
    choices(at, option, type);
  }
  void choices(const form_path& at, const json& option, std::int64_t type) {
    auto takes_choices = type == 3 || type == 4 || type == 10;
    out_.truth(option, at, "autocomplete");
    if (option["autocomplete"].truth() && (!takes_choices || !option["choices"].items().empty()))
      out_.fail(at / "autocomplete", "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID",
                "Autocomplete is for strings and numbers without choices");
    if (!out_.list(option, at, "choices", 0, 25))
      return;
    auto& all = option["choices"].items();
    if (!all.empty() && !takes_choices)
      out_.fail(at / "choices", "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", "This type has no choices");
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto here = at / "choices" / i;
      out_.text(all[i], here, "name", 1, 100, true);
      if (takes_choices && !fits(all[i]["value"], type))
        out_.fail(here / "value", "BASE_TYPE_BAD_TYPE", "The value does not fit the option's type.");
      text += length_of(all[i]["name"].text()) + length_of(all[i]["value"].text());
    }
  }

  form& out_;
};

void check_numbers(form& out, const form_path& at, const json& body, std::string_view name,
                   std::int64_t max) {
  if (!out.list(body, at, name, 1, 3))
    return;
  auto& all = body[name].items();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!all[i].is_integer() || all[i].integer() < 0 || all[i].integer() > max)
      out.fail(at / name / i, "BASE_TYPE_CHOICES", "Value must be one of its numbers.");
}

} // namespace

void check_command(form& out, const form_path& at, const json& body, bool partial) {
  if (!body.is_object())
    return out.fail(at, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
  out.choice(body, at, "type", {1, 2, 3});
  auto slash = body["type"].integer(1) == 1;
  check_name(out, at, body, slash, !partial);
  if (slash)
    out.text(body, at, "description", 1, 100, !partial);
  else if (!body["description"].text().empty())
    out.fail(at / "description", "APPLICATION_COMMAND_DESCRIPTION_FORBIDDEN",
             "Only slash commands have a description");
  option_check options{out};
  options.all(at, body, 0);
  if (!slash && !body["options"].items().empty())
    out.fail(at / "options", "APPLICATION_COMMAND_OPTIONS_FORBIDDEN", "Only slash commands have options");
  if (text_of(body) + options.text > max_command_text)
    out.fail(at, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)");
  auto& permissions = body["default_member_permissions"];
  auto number = permissions.is_integer() || permissions.text() == "0" || parse_id(permissions.text());
  if (!permissions.is_null() && !number)
    out.fail(at / "default_member_permissions", "BITFIELD_TYPE_CONVERT",
             "It must be a number or a text of one.");
  check_numbers(out, at, body, "contexts", 2);
  check_numbers(out, at, body, "integration_types", 1);
  out.truth(body, at, "nsfw");
}

void check_commands(form& out, const json& body) {
  if (!body.is_array())
    return out.fail({}, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
  std::set<std::pair<std::int64_t, std::string>> names;
  std::map<std::int64_t, int> number;
  auto& all = body.items();
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto here = form_path{} / i;
    auto type = all[i]["type"].integer(1);
    check_command(out, here, all[i], false);
    if (!names.emplace(type, all[i]["name"].text()).second)
      out.fail(here / "name", "APPLICATION_COMMANDS_DUPLICATE_NAME",
               "Application command names must be unique");
    if (++number[type] > (type == 1 ? 100 : 15))
      out.fail(here, "MAX_APPLICATION_COMMANDS", "Maximum number of application commands reached");
  }
}

} // namespace tutti::services::sim::discord

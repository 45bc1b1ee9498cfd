#include "protocols/discord/interactions/incoming.hpp"

#include "protocols/discord/fields.hpp"
#include "protocols/discord/interactions/command_data.hpp"

namespace tutti::protocols::discord {
namespace {

constexpr std::size_t most_values = 25;
constexpr std::size_t most_fields = 40;

bool read_values(json::reader& in, std::vector<std::string>& out) {
  return read_all(
      in, out, [](json::reader& from, std::string& one) { return from.string(one); }, most_values);
}

bool read_component(json::reader& in, component_data& x) {
  return in.object([&](std::string_view key) {
    if (key == "custom_id")
      read(in, x.custom_id);
    else if (key == "component_type")
      read(in, x.component_type);
    else if (key == "values")
      read_values(in, x.values);
    else if (key == "resolved")
      read(in, x.resolved);
    else
      in.skip();
  }) && (!x.custom_id.empty() || in.missing("custom_id"));
}

/// A component of a submitted modal: a row or label around fields, or a field.
bool read_modal_node(json::reader& in, modal_data& x, int depth) {
  if (depth > 2)
    return in.fail("is nested too deeply");
  modal_field field;
  bool has_value = false;
  bool good = in.object([&](std::string_view key) {
    if (key == "custom_id") {
      read(in, field.custom_id);
    } else if (key == "value" && in.peek() == json::kind::string) { // a checkbox has a boolean
      has_value = read(in, field.values.emplace_back());
    } else if (key == "values") {
      has_value = read_values(in, field.values);
    } else if (key == "component") {
      read_modal_node(in, x, depth + 1);
    } else if (key == "components") {
      in.array([&] { read_modal_node(in, x, depth + 1); });
    } else {
      in.skip();
    }
  });
  if (!good)
    return false;
  if (!has_value || field.custom_id.empty())
    return true;
  if (x.fields.size() == most_fields)
    return in.fail("is one field too many");
  x.fields.push_back(std::move(field));
  return true;
}

bool read_modal(json::reader& in, modal_data& x) {
  return in.object([&](std::string_view key) {
    if (key == "custom_id")
      read(in, x.custom_id);
    else if (key == "components")
      in.array([&] { read_modal_node(in, x, 1); });
    else
      in.skip();
  }) && (!x.custom_id.empty() || in.missing("custom_id"));
}

bool read_member(json::reader& in, invoker& x) {
  return in.object([&](std::string_view key) {
    if (key == "user") {
      read(in, x.user);
    } else if (key == "nick") {
      if (!in.null())
        read(in, x.nick);
    } else if (key == "roles") {
      read(in, x.roles);
    } else if (key == "permissions") {
      read(in, x.permissions);
    } else {
      in.skip();
    }
  }) && (x.user.id || in.missing("user"));
}

bool read_source(json::reader& in, std::optional<message_id>& out) {
  message_id id;
  bool good = in.object([&](std::string_view key) {
    if (key == "id")
      read(in, id);
    else
      in.skip();
  });
  out = id;
  return good && (id || in.missing("id"));
}

bool read_interaction(json::reader& in, interaction& x, std::string_view& data) {
  bool has_type = false;
  bool good = in.object([&](std::string_view key) {
    if (key == "id") {
      read(in, x.id);
    } else if (key == "application_id") {
      read(in, x.application);
    } else if (key == "type") {
      std::uint8_t type = 0;
      has_type = read(in, type);
      x.type = static_cast<interaction_type>(type);
    } else if (key == "token") {
      read(in, x.token);
    } else if (key == "guild_id") {
      read(in, x.guild);
    } else if (key == "channel_id") {
      read(in, x.channel);
    } else if (key == "member") {
      read_member(in, x.by);
    } else if (key == "user") {
      read(in, x.by.user);
    } else if (key == "app_permissions") {
      read(in, x.app_permissions);
    } else if (key == "locale") {
      read(in, x.locale);
    } else if (key == "guild_locale") {
      read(in, x.guild_locale);
    } else if (key == "message") {
      read_source(in, x.message);
    } else if (key == "data") {
      in.raw(data); // what it is depends on the type, which may come later
    } else {
      in.skip();
    }
  });
  return good && (x.id || in.missing("id")) && (x.application || in.missing("application_id"))
         && (has_type || in.missing("type")) && (!x.token.empty() || in.missing("token"))
         && (x.type == interaction_type::ping || x.by.user.id || in.missing(x.guild ? "member" : "user"));
}

/// Reads what a type's data is; types without a name here have none.
bool read_data(json::reader& in, interaction& x) {
  switch (x.type) {
  case interaction_type::command:
  case interaction_type::autocomplete:
    return read(in, x.data.emplace<command_data>());
  case interaction_type::component:
    return read_component(in, x.data.emplace<component_data>());
  case interaction_type::modal_submit:
    return read_modal(in, x.data.emplace<modal_data>());
  default:
    return in.skip();
  }
}

} // namespace

std::string_view invoker::display_name() const noexcept {
  if (!nick.empty())
    return nick;
  return user.global_name.empty() ? user.username : user.global_name;
}

json::outcome<interaction> decode_interaction(std::string_view text, std::string_view root) {
  interaction x;
  std::string_view data;
  json::reader in{text, root};
  if (!read_interaction(in, x, data) || !in.end())
    return in.error();
  if (data.empty()) {
    if (x.type != interaction_type::ping && x.type <= interaction_type::modal_submit && !in.missing("data"))
      return in.error();
    return x;
  }
  auto data_root = std::string{root} + (root.empty() ? "data" : ".data");
  json::reader inner{data, data_root};
  if (!read_data(inner, x))
    return inner.error();
  return x;
}

} // namespace tutti::protocols::discord

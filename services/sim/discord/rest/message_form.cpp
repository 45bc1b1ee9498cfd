#include "services/sim/discord/rest/message_form.hpp"

#include <set>
#include <string>

namespace tutti::services::sim::discord {
namespace {

constexpr std::size_t max_embed_text = 6000;

std::size_t check_embed(form& out, const form_path& at, const json& embed) {
  out.text(embed, at, "title", 0, 256);
  out.text(embed, at, "description", 0, 4096);
  out.link(embed, at, "url");
  out.integer(embed, at, "color", 0, 0xffffff);
  out.text(embed, at, "timestamp", 10, 40);
  auto size = length_of(embed["title"].text()) + length_of(embed["description"].text());
  if (out.object(embed, at, "footer")) {
    out.text(embed["footer"], at / "footer", "text", 1, 2048, true);
    size += length_of(embed["footer"]["text"].text());
  }
  if (out.object(embed, at, "author")) {
    out.text(embed["author"], at / "author", "name", 1, 256, true);
    out.link(embed["author"], at / "author", "url");
    size += length_of(embed["author"]["name"].text());
  }
  for (auto* picture : {"image", "thumbnail"})
    if (out.object(embed, at, picture))
      out.link(embed[picture], at / picture, "url", true);
  if (out.list(embed, at, "fields", 0, 25)) {
    auto& fields = embed["fields"].items();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      auto here = at / "fields" / i;
      out.text(fields[i], here, "name", 1, 256, true);
      out.text(fields[i], here, "value", 1, 1024, true);
      out.truth(fields[i], here, "inline");
      size += length_of(fields[i]["name"].text()) + length_of(fields[i]["value"].text());
    }
  }
  return size;
}

/// Buttons, selects and what holds them, in messages and modals.
class component_check {
public:
  component_check(form& out, bool v2) : out_(out), v2_(v2) {}

  void top(const form_path& at, const json& component) {
    auto type = component["type"].integer(-1);
    if (!v2_ && type != 1)
      return bad_type(at, "{1}");
    any(at, component);
    if (v2_ && ++count_ > 40)
      out_.fail(at, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
                "The total number of components cannot exceed 40");
  }

private:
  void any(const form_path& at, const json& component) {
    switch (component["type"].integer(-1)) {
    case 1:
      return row(at, component);
    case 9:
      out_.list(component, at, "components", 1, 3, true);
      out_.object(component, at, "accessory", true);
      children(at, component);
      if (component["accessory"]["type"].integer() == 2)
        button(at / "accessory", component["accessory"]);
      return;
    case 10:
      out_.text(component, at, "content", 1, 4000, true);
      return;
    case 12:
      out_.list(component, at, "items", 1, 10, true);
      return;
    case 13:
      out_.object(component, at, "file", true);
      return;
    case 14:
      out_.choice(component, at, "spacing", {1, 2});
      return;
    case 17:
      out_.list(component, at, "components", 1, 39, true);
      return children(at, component);
    default:
      return bad_type(at, "{1, 9, 10, 12, 13, 14, 17}");
    }
  }
  void children(const form_path& at, const json& component) {
    auto& all = component["components"].items();
    for (std::size_t i = 0; i < all.size(); ++i, ++count_)
      any(at / "components" / i, all[i]);
  }
  void row(const form_path& at, const json& component) {
    if (!out_.list(component, at, "components", 1, 5, true))
      return;
    auto& all = component["components"].items();
    for (std::size_t i = 0; i < all.size(); ++i, ++count_) {
      auto here = at / "components" / i;
      auto type = all[i]["type"].integer(-1);
      if (type == 2)
        button(here, all[i]);
      else if (type == 3 || (type >= 5 && type <= 8)) {
        if (all.size() > 1)
          out_.fail(here, "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                    "The specified component exceeds the maximum width");
        select(here, all[i], type == 3);
      } else
        bad_type(here, "{2, 3, 5, 6, 7, 8}");
    }
  }
  void button(const form_path& at, const json& component) {
    out_.text(component, at, "label", 0, 80);
    out_.truth(component, at, "disabled");
    out_.object(component, at, "emoji");
    if (!out_.choice(component, at, "style", {1, 2, 3, 4, 5, 6}, true))
      return;
    auto style = component["style"].integer();
    if (style <= 4)
      custom_id(at, component);
    else if (style == 5)
      out_.link(component, at, "url", true);
    else
      out_.snowflake(component, at, "sku_id", true);
    if (style <= 4 && !component["url"].is_null())
      out_.fail(at, "COMPONENT_CUSTOM_ID_AND_URL", "A custom id and url cannot both be specified");
    if (style >= 5 && !component["custom_id"].is_null())
      out_.fail(at, "BUTTON_COMPONENT_CUSTOM_ID_FORBIDDEN", "This button cannot have a custom id");
    if (style != 6 && component["label"].text().empty() && component["emoji"].is_null())
      out_.fail(at, "BUTTON_COMPONENT_INVALID", "A button must have a label or an emoji");
  }
  void select(const form_path& at, const json& component, bool own_options) {
    custom_id(at, component);
    out_.text(component, at, "placeholder", 0, 150);
    out_.integer(component, at, "min_values", 0, 25);
    out_.integer(component, at, "max_values", 1, 25);
    if (!own_options || !out_.list(component, at, "options", 1, 25, true))
      return;
    std::set<std::string> values;
    auto& all = component["options"].items();
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto here = at / "options" / i;
      out_.text(all[i], here, "label", 1, 100, true);
      out_.text(all[i], here, "description", 0, 100);
      if (out_.text(all[i], here, "value", 1, 100, true) && !values.insert(all[i]["value"].text()).second)
        out_.fail(here / "value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                  "The specified option value is already used");
    }
  }
  void custom_id(const form_path& at, const json& component) {
    if (out_.text(component, at, "custom_id", 1, 100, true)
        && !ids_.insert(component["custom_id"].text()).second)
      out_.fail(at / "custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED",
                "Component custom id cannot be duplicated");
  }
  void bad_type(const form_path& at, const std::string& known) {
    out_.fail(at / "type", "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of " + known + ".");
  }

  form& out_;
  bool v2_;
  std::size_t count_ = 0;
  std::set<std::string> ids_;
};

void check_mentions(form& out, const form_path& at, const json& mentions) {
  std::set<std::string> parsed;
  if (out.list(mentions, at, "parse", 0, 3)) {
    auto& parse = mentions["parse"].items();
    for (std::size_t i = 0; i < parse.size(); ++i) {
      parsed.insert(parse[i].text());
      if (parse[i].text() != "users" && parse[i].text() != "roles" && parse[i].text() != "everyone")
        out.fail(at / "parse" / i, "BASE_TYPE_CHOICES",
                 "Value must be one of ('users', 'roles', 'everyone').");
    }
  }
  for (auto* kind : {"users", "roles"})
    if (out.list(mentions, at, kind, 0, 100) && !mentions[kind].items().empty() && parsed.count(kind))
      out.fail(at, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", "parse and this list exclude each other.");
}

} // namespace

void check_message(form& out, const form_path& at, const json& body, std::int64_t allowed_flags) {
  out.text(body, at, "content", 0, 2000);
  out.truth(body, at, "tts");
  auto flags = body["flags"].integer();
  if (out.integer(body, at, "flags", 0, (1 << 30) - 1) && (flags & ~allowed_flags) != 0)
    out.fail(at / "flags", "BITFIELD_FLAGS_INVALID", "Some of these flags cannot be set here.");
  auto v2 = (flags & allowed_flags & flag_components_v2) != 0;
  std::size_t embed_text = 0;
  if (out.list(body, at, "embeds", 0, 10)) {
    auto& embeds = body["embeds"].items();
    for (std::size_t i = 0; i < embeds.size(); ++i)
      embed_text += check_embed(out, at / "embeds" / i, embeds[i]);
    if (embed_text > max_embed_text)
      out.fail(at / "embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000");
  }
  if (v2)
    for (auto* old : {"content", "embeds"})
      if (!body[old].text().empty() || !body[old].items().empty())
        out.fail(at / old, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                 "This field cannot be used with MessageFlags.IS_COMPONENTS_V2");
  if (out.list(body, at, "components", 0, v2 ? 40 : 5)) {
    component_check check{out, v2};
    auto& components = body["components"].items();
    for (std::size_t i = 0; i < components.size(); ++i)
      check.top(at / "components" / i, components[i]);
  }
  if (out.object(body, at, "allowed_mentions"))
    check_mentions(out, at / "allowed_mentions", body["allowed_mentions"]);
}

bool is_empty_message(const json& body) {
  for (auto* part : {"embeds", "components", "sticker_ids", "attachments"})
    if (!body[part].items().empty())
      return false;
  return body["content"].text().empty() && body["poll"].is_null();
}

void check_modal(form& out, const form_path& at, const json& body) {
  out.text(body, at, "custom_id", 1, 100, true);
  out.text(body, at, "title", 1, 45, true);
  if (!out.list(body, at, "components", 1, 5, true))
    return;
  auto& rows = body["components"].items();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto here = at / "components" / i;
    if (!out.choice(rows[i], here, "type", {1, 10, 18}, true) || rows[i]["type"].integer() == 10)
      continue;
    auto label = rows[i]["type"].integer() == 18;
    auto& inputs = rows[i]["components"].items();
    if (label ? !out.object(rows[i], here, "component", true)
              : !out.list(rows[i], here, "components", 1, 1, true))
      continue;
    auto& input = label ? rows[i]["component"] : inputs[0];
    auto inside = label ? here / "component" : here / "components" / std::size_t{0};
    out.text(input, inside, "custom_id", 1, 100, true);
    if (input["type"].integer() == 4) {
      out.choice(input, inside, "style", {1, 2}, true);
      if (!label)
        out.text(input, inside, "label", 1, 45, true);
    }
  }
}

} // namespace tutti::services::sim::discord

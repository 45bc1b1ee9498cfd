#include "services/sim/discord/model/message_parts.hpp"

#include <cstdint>
#include <utility>

namespace tutti::services::sim::discord {
namespace {

void fill_in(json& component, const char* name, json value) {
  if (component[name].is_null())
    component.set(name, std::move(value));
}

json answered_component(json component, std::int64_t& next_id) {
  fill_in(component, "id", next_id++);
  switch (component["type"].integer()) {
  case 3:
    fill_in(component, "min_values", 1);
    fill_in(component, "max_values", 1);
    break;
  case 14:
    fill_in(component, "divider", true);
    fill_in(component, "spacing", 1);
    break;
  case 17:
    fill_in(component, "spoiler", false);
    if (!component.has("accent_color"))
      component.set("accent_color", nullptr);
    break;
  }
  if (component["components"].is_array()) {
    json::array inner;
    for (auto& one : component["components"].items())
      inner.push_back(answered_component(one, next_id));
    component.set("components", std::move(inner));
  }
  if (component["accessory"].is_object())
    component.set("accessory", answered_component(component["accessory"], next_id));
  return component;
}

bool is_called(const json& component, const std::string& name) {
  auto& id = component["custom_id"].text();
  return !id.empty() && !component["disabled"].truth() && (id == name || component["label"].text() == name);
}

} // namespace

json answered_components(const json& requested) {
  json::array out;
  std::int64_t next_id = 1;
  for (auto& one : requested.items())
    out.push_back(answered_component(one, next_id));
  return out;
}

json answered_embeds(const json& requested) {
  json::array out;
  for (auto embed : requested.items()) {
    embed.set("type", "rich");
    if (embed["fields"].is_array()) {
      json::array fields;
      for (auto field : embed["fields"].items()) {
        fill_in(field, "inline", false);
        fields.push_back(std::move(field));
      }
      embed.set("fields", std::move(fields));
    }
    out.push_back(std::move(embed));
  }
  return out;
}

const json* find_component(const json& within, const std::string& name) {
  for (auto& one : within.items()) {
    if (is_called(one, name))
      return &one;
    if (is_called(one["accessory"], name))
      return &one["accessory"];
    if (auto* inner = find_component(one["components"], name))
      return inner;
  }
  return nullptr;
}

} // namespace tutti::services::sim::discord

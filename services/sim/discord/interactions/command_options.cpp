#include "services/sim/discord/interactions/command_options.hpp"

#include "services/sim/discord/model/ids.hpp"
#include "services/sim/discord/rest/form.hpp"

#include <algorithm>

namespace tutti::services::sim::discord {
namespace {

const json& given_value(const json& given, const std::string& name) {
  if (given.is_object())
    return given[name];
  static const json none;
  for (auto& one : given.items())
    if (one["name"].text() == name)
      return one["value"].is_null() ? one["options"] : one["value"];
  return none;
}

json given_names(const json& given) {
  json::array out;
  for (auto& [name, value] : given.members())
    out.push_back(name);
  for (auto& one : given.items())
    out.push_back(one["name"]);
  return out;
}

class typing {
public:
  typing(const world& all, const guild& in, const std::string& focused)
      : world_(all), guild_(in), focused_(focused) {}

  typed_options out;

  json options(const json& definitions, const json& given) {
    auto names = given_names(given);
    for (auto& name : names.items())
      if (std::none_of(definitions.items().begin(), definitions.items().end(),
                       [&](auto& one) { return one["name"] == name; }))
        fail("there is no option " + name.text());
    json::array typed;
    for (auto& definition : definitions.items()) {
      auto& name = definition["name"].text();
      auto type = definition["type"].integer();
      auto& value = given_value(given, name);
      if (value.is_null()) {
        if (definition["required"].truth() && focused_.empty())
          fail("the option " + name + " is required");
        continue;
      }
      json one = json::object{{"name", name}, {"type", type}};
      if (type <= 2)
        one.set("options", options(definition["options"], value));
      else if (name == focused_) {
        one.set("value", value);
        one.set("focused", true);
      } else
        one.set("value", checked(definition, value));
      typed.push_back(std::move(one));
    }
    return typed;
  }

private:
  void fail(std::string why) {
    if (out.error.empty())
      out.error = std::move(why);
  }

  json checked(const json& definition, const json& value) {
    auto& name = definition["name"].text();
    auto type = definition["type"].integer();
    auto right = type == 3    ? value.is_string()
                 : type == 4  ? value.is_integer()
                 : type == 5  ? value.is_bool()
                 : type == 10 ? value.is_number()
                 : type == 11 ? value["url"].is_string()
                              : parse_id(value.text()).has_value();
    if (!right) {
      fail("the option " + name + " has another type");
      return value;
    }
    auto& choices = definition["choices"].items();
    if (!choices.empty()
        && std::none_of(choices.begin(), choices.end(), [&](auto& one) { return one["value"] == value; }))
      fail("the option " + name + " has no such choice");
    check_bounds(definition, value);
    return type >= 6 && type != 10 ? resolved(type, value) : value;
  }
  void check_bounds(const json& definition, const json& value) {
    auto outside = [&](double of, const char* min, const char* max) {
      return (definition[min].is_number() && of < definition[min].number())
             || (definition[max].is_number() && of > definition[max].number());
    };
    if (value.is_string() ? outside(static_cast<double>(length_of(value.text())), "min_length", "max_length")
                          : value.is_number() && outside(value.number(), "min_value", "max_value"))
      fail("the option " + definition["name"].text() + " is out of its bounds");
  }
  json resolved(std::int64_t type, const json& value) {
    if (type == 11) {
      auto id = std::to_string(attachment_++);
      auto& url = value["url"].text();
      auto name = value["filename"].is_string() ? value["filename"].text() : url.substr(url.rfind('/') + 1);
      auto media = value["contentType"].is_string() ? value["contentType"].text() : std::string{"audio/mpeg"};
      out.resolved.at("attachments")
          .set(id, json::object{{"id", id},
                                {"filename", name},
                                {"size", value["size"].integer(1'000'000)},
                                {"url", url},
                                {"proxy_url", url},
                                {"content_type", media},
                                {"ephemeral", true}});
      return id;
    }
    auto id = *parse_id(value.text());
    if (type == 7) {
      if (!world_.has_channel(guild_, id))
        fail("there is no channel " + value.text());
      else
        out.resolved.at("channels").set(value.text(), world_.channel(guild_, id));
    } else if (type == 6 || type == 9) {
      if (!world_.is_member(id))
        fail("there is no user " + value.text());
      else {
        out.resolved.at("users").set(value.text(), world_.user(id));
        auto member = world_.member(guild_, id);
        member.erase("user");
        out.resolved.at("members").set(value.text(), std::move(member));
      }
    }
    return value;
  }

  const world& world_;
  const guild& guild_;
  const std::string& focused_;
  std::uint64_t attachment_ = 940'000'000'000'000'001;
};

} // namespace

typed_options type_options(const world& all, const guild& in, const json& definitions, const json& given,
                           const std::string& focused) {
  typing work{all, in, focused};
  work.out.options = work.options(definitions, given);
  return std::move(work.out);
}

} // namespace tutti::services::sim::discord

#include "services/sim/discord/model/commands.hpp"

#include <chrono>

namespace tutti::services::sim::discord {
namespace {

/// What a request may leave out, and the answer has.
const std::pair<const char*, json> command_defaults[] = {
    {"type", 1},     {"description", ""},   {"options", json::array{}},
    {"nsfw", false}, {"contexts", nullptr}, {"integration_types", json::array{json{0}}},
};

json with_text_permissions(json command) {
  auto& permissions = command["default_member_permissions"];
  if (permissions.is_integer())
    command.set("default_member_permissions", std::to_string(permissions.integer()));
  return command;
}

} // namespace

json commands::complete(const scope& in, std::uint64_t id, const json& body) {
  json out = json::object{{"id", std::to_string(id)},
                          {"application_id", std::to_string(in.first)},
                          {"version", std::to_string(core_.ids.next())},
                          {"default_member_permissions", nullptr}};
  if (in.second != 0)
    out.set("guild_id", std::to_string(in.second));
  for (auto& [name, value] : command_defaults)
    out.set(name, value);
  for (auto& [name, value] : body.members())
    if (name != "id" && name != "application_id" && name != "version" && name != "guild_id")
      out.set(name, value);
  return with_text_permissions(std::move(out));
}

const json* commands::named(const scope& in, const std::string& name, std::int64_t type) const {
  auto found = all_.find(in);
  if (found == all_.end())
    return nullptr;
  for (auto& [id, one] : found->second)
    if (one["name"].text() == name && one["type"].integer() == type)
      return &one;
  return nullptr;
}

bool commands::may_create(const scope& in) {
  return created_.try_emplace(in, creates_a_day, std::chrono::hours{24}).first->second.take(core_.loop.now());
}

commands::saved commands::add(std::uint64_t application, std::uint64_t guild, const json& body, json& out) {
  scope in{application, guild};
  auto* old = named(in, body["name"].text(), body["type"].integer(1));
  auto old_id = old ? parse_id((*old)["id"].text()) : std::nullopt;
  if (!old_id && !may_create(in))
    return saved::too_many;
  auto id = old_id ? *old_id : core_.ids.next();
  out = all_[in][id] = complete(in, id, body);
  return old_id ? saved::changed : saved::made;
}

bool commands::replace(std::uint64_t application, std::uint64_t guild, const json& body, json& out) {
  scope in{application, guild};
  table next;
  out = json::array{};
  for (auto& one : body.items()) {
    auto* old = named(in, one["name"].text(), one["type"].integer(1));
    if (!old && !may_create(in))
      return false;
    auto id = old ? *parse_id((*old)["id"].text()) : core_.ids.next();
    out.push(next[id] = complete(in, id, one));
  }
  all_[in] = std::move(next);
  return true;
}

bool commands::change(std::uint64_t application, std::uint64_t guild, std::uint64_t command, const json& body,
                      json& out) {
  auto* old = find(application, guild, command);
  if (!old)
    return false;
  auto merged = *old;
  for (auto& [name, value] : body.members())
    merged.set(name, value);
  scope in{application, guild};
  out = all_[in][command] = complete(in, command, merged);
  return true;
}

bool commands::erase(std::uint64_t application, std::uint64_t guild, std::uint64_t command) {
  auto found = all_.find({application, guild});
  return found != all_.end() && found->second.erase(command) > 0;
}

json commands::list(std::uint64_t application, std::uint64_t guild) const {
  auto out = json::array{};
  auto found = all_.find({application, guild});
  if (found != all_.end())
    for (auto& [id, one] : found->second)
      out.push_back(one);
  return out;
}

const json* commands::find(std::uint64_t application, std::uint64_t guild, std::uint64_t command) const {
  auto in = all_.find({application, guild});
  if (in == all_.end())
    return nullptr;
  auto found = in->second.find(command);
  return found == in->second.end() ? nullptr : &found->second;
}

const json* commands::find_by_name(std::uint64_t application, std::uint64_t guild,
                                   const std::string& name) const {
  for (auto scope_guild : {guild, std::uint64_t{0}})
    for (std::int64_t type = 1; type <= 3; ++type)
      if (auto* one = named({application, scope_guild}, name, type))
        return one;
  return nullptr;
}

} // namespace tutti::services::sim::discord

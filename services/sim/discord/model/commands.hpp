#pragma once
#include "services/sim/discord/core.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace tutti::services::sim::discord {

/// The commands that applications have registered, global (guild 0) and in guilds.
class commands {
public:
  static constexpr std::uint64_t creates_a_day = 200; ///< a guild, and as many global ones

  explicit commands(core& all) : core_(all) {}

  /// Replaces all; false: too many new ones today. `body` is checked.
  bool replace(std::uint64_t application, std::uint64_t guild, const json& body, json& out);
  enum class saved { made, changed, too_many };
  /// Adds, or overwrites the one of this name and type.
  saved add(std::uint64_t application, std::uint64_t guild, const json& body, json& out);
  bool change(std::uint64_t application, std::uint64_t guild, std::uint64_t command, const json& body,
              json& out);
  bool erase(std::uint64_t application, std::uint64_t guild, std::uint64_t command);
  json list(std::uint64_t application, std::uint64_t guild) const;
  /// Null: there is none.
  const json* find(std::uint64_t application, std::uint64_t guild, std::uint64_t command) const;
  /// What a user of this guild finds under a name: the guild's own before the global one.
  const json* find_by_name(std::uint64_t application, std::uint64_t guild, const std::string& name) const;

private:
  using scope = std::pair<std::uint64_t, std::uint64_t>; ///< application, guild
  using table = std::map<std::uint64_t, json>;

  json complete(const scope& in, std::uint64_t id, const json& body);
  const json* named(const scope& in, const std::string& name, std::int64_t type) const;
  bool may_create(const scope& in);

  core& core_;
  std::map<scope, table> all_;
  std::map<scope, fixed_window> created_;
};

} // namespace tutti::services::sim::discord

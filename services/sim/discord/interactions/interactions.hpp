#pragma once
#include "services/sim/discord/core.hpp"
#include "services/sim/discord/gateway/gateway.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tutti::services::sim::discord {

/// One interaction and what came of it.
struct interaction {
  std::uint64_t id = 0;
  std::string token;
  const bot* to = nullptr;
  int type = 2; ///< 2 command, 3 component, 4 autocomplete, 5 modal
  std::uint64_t guild = 0;
  std::uint64_t channel = 0;
  std::uint64_t user = 0;
  std::uint64_t component_message = 0; ///< whose button it was; 0: none
  steady_time created{};

  int callback = 0;           ///< the type of the accepted one; 0: none yet
  bool missed = false;        ///< 3 s went by without one
  bool ephemeral = false;     ///< as the deferred answer said
  bool settled = false;       ///< the scripted user has seen the reply
  std::uint64_t original = 0; ///< message; 0: none
  std::vector<std::uint64_t> followups;
  std::map<std::string, std::uint64_t> effects; ///< callbacks, duplicates, edits, followups, deletes
  std::function<void(json)> waiting;            ///< gets what the user sees, once
};

/// Interactions from their creation to the end of their token.
class interactions {
public:
  static constexpr std::chrono::seconds first_answer{3};
  static constexpr std::chrono::minutes token_life{15};
  static constexpr std::size_t max_kept = 100'000;

  interactions(core& all, gateway& over) : core_(all), gateway_(over) {}

  /// Sends INTERACTION_CREATE to the guild's shard; `d` gets what all types share. False: no session holds
  /// it.
  bool start(interaction one, json d);

  /// By id and token, as a callback; null: unknown or expired.
  interaction* find(std::uint64_t id, const std::string& token);
  /// By application and token, as a webhook; null: unknown, expired or not answered yet.
  interaction* find_webhook(std::uint64_t application, const std::string& token);
  const interaction* find(std::uint64_t id) const;

  /// The scripted user sees this.
  void settle(interaction& one, json reply);
  void effect(interaction& one, const char* kind);
  json describe(const interaction& one) const;

  std::uint64_t duplicates = 0; ///< fault: so many are dispatched twice

private:
  void miss(std::uint64_t id);
  void forget_old();

  core& core_;
  gateway& gateway_;
  std::map<std::uint64_t, interaction> all_;
  std::map<std::string, std::uint64_t> tokens_;
};

} // namespace tutti::services::sim::discord

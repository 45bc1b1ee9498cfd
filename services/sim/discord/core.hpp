#pragma once
#include "services/sim/base/event_log.hpp"
#include "services/sim/base/event_loop.hpp"
#include "services/sim/base/random.hpp"
#include "services/sim/discord/model/ids.hpp"
#include "services/sim/discord/model/world.hpp"
#include "services/sim/discord/options.hpp"
#include "services/sim/discord/rules/identify_gate.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::services::sim::discord {

struct bot {
  std::uint64_t id = 0; ///< its user and its application
  std::string token;
  bool token_reset = false; ///< after too many identifies
  identify_gate gate;
};

/// What all parts of the simulated Discord share.
struct core {
  core(event_loop& l, event_log& g, random_source& r, discord_options o)
      : loop(l), log(g), random(r), options(std::move(o)), world(options.world) {
    for (std::size_t i = 0; i < options.tokens.size(); ++i)
      bots.push_back({first_bot + i, options.tokens[i], false,
                      identify_gate{options.max_concurrency, options.session_starts}});
  }

  /// Null: no bot has that token (any more).
  bot* bot_of_token(std::string_view token) {
    for (auto& one : bots)
      if (one.token == token && !one.token_reset)
        return &one;
    return nullptr;
  }
  bot* bot_of_id(std::uint64_t id) {
    for (auto& one : bots)
      if (one.id == id)
        return &one;
    return nullptr;
  }
  void note(std::string_view event, const json& fields) { log.add("discord", event, fields); }
  void breach(std::string_view kind, json fields) { log.breach("discord", kind, std::move(fields)); }

  event_loop& loop;
  event_log& log;
  random_source& random;
  discord_options options;
  class world world;
  snowflakes ids;
  std::vector<bot> bots;
  std::map<std::string, std::uint64_t, std::less<>> totals; ///< for the summary
};

} // namespace tutti::services::sim::discord

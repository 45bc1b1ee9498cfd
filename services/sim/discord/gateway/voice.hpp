#pragma once
#include "services/sim/discord/gateway/gateway.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace tutti::services::sim::discord {

/// Who is in which voice channel, and the hand-over to an audio node: tokens and endpoints.
class voice {
public:
  struct link {
    std::string token;
    std::string endpoint;
  };

  voice(core& all, gateway& over) : core_(all), gateway_(over) {}

  /// Op 4: both events, in either order, after a while; silence where there is no permission, room or
  /// channel.
  void command(const std::shared_ptr<session>& from, const json& d);
  /// Takes a session's voice states away: what an audio node got of it is void (4006).
  void end(const session& which);
  /// A scripted user goes somewhere, or a moderator moves a bot. Nothing: out of the channel.
  void move(guild& in, std::uint64_t user, std::optional<std::uint64_t> channel);
  /// The state of a bot has changed otherwise.
  void announce(guild& in, std::uint64_t user);
  /// What an audio node needs for this bot in this guild; null: it is in no channel.
  const link* link_of(std::uint64_t guild, std::uint64_t bot) const;
  void describe(const guild& in, json& out) const;
  /// A new voice server for the bots of a guild: endpoint null now, a new one later.
  void migrate(guild& in, std::chrono::milliseconds later);

  std::optional<std::chrono::milliseconds> late_null; ///< fault: how late a leave is told

private:
  void join(const std::shared_ptr<session>& from, guild& in, voice_state wanted);
  void leave(guild& in, std::uint64_t user);
  void offer_server(guild& in, const bot& to);
  void send_server(std::uint64_t guild, const bot& to, const json& endpoint);

  core& core_;
  gateway& gateway_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, link> links_; ///< by guild and bot
};

} // namespace tutti::services::sim::discord

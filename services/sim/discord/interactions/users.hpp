#pragma once
#include "services/sim/base/http_message.hpp"
#include "services/sim/discord/gateway/voice.hpp"
#include "services/sim/discord/interactions/interactions.hpp"
#include "services/sim/discord/model/commands.hpp"
#include "services/sim/discord/model/messages.hpp"

#include <cstdint>
#include <string>

namespace tutti::services::sim::discord {

/// The scripted users, as the control routes move them.
class users {
public:
  users(core& all, discord::voice& spoken, discord::commands& known, discord::messages& texts,
        discord::interactions& begun)
      : core_(all), voice_(spoken), commands_(known), messages_(texts), interactions_(begun) {}

  /// POST /sim/users/{user}/interactions: answers when the bot has.
  void interact(std::uint64_t user, const json& body, const http_responder& answer);
  /// PUT /sim/guilds/{guild}/voice/{user}
  http_response move(std::uint64_t guild, std::uint64_t user, const json& body);

private:
  struct plan {
    interaction what;
    json d = json::object{}; ///< the event's own part
    std::string error;
    int status = 400;
  };
  void plan_command(plan& out, const guild& in, const json& body);
  void plan_component(plan& out, const json& body, const std::string& name);
  void plan_modal(plan& out, const json& body);
  json target_of(plan& out, std::int64_t type, const json& body);

  core& core_;
  discord::voice& voice_;
  discord::commands& commands_;
  discord::messages& messages_;
  discord::interactions& interactions_;
};

} // namespace tutti::services::sim::discord

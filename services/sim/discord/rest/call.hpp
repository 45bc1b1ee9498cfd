#pragma once
#include "services/sim/base/http_message.hpp"
#include "services/sim/discord/core.hpp"
#include "services/sim/discord/gateway/gateway.hpp"
#include "services/sim/discord/gateway/voice.hpp"
#include "services/sim/discord/interactions/interactions.hpp"
#include "services/sim/discord/model/commands.hpp"
#include "services/sim/discord/model/messages.hpp"
#include "services/sim/discord/rest/form.hpp"
#include "services/sim/discord/rules/rate_limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::services::sim::discord {

/// What the routes work on.
struct rest_parts {
  core& all;
  gateway& over;
  discord::voice& voice;
  discord::messages& messages;
  discord::commands& commands;
  discord::interactions& interactions;
};

/// One request that authorization, limits and the body's syntax have let through.
struct rest_call {
  const http_request& request;
  std::vector<std::string> values; ///< what stands at the route's `{}`
  json body;
  bot* who = nullptr; ///< null on routes that need no authorization

  /// 0: that is no snowflake, so nothing is found by it.
  std::uint64_t id(std::size_t index) const { return parse_id(values[index]).value_or(0); }
};

using rest_handler = http_response (*)(rest_parts&, rest_call&);

struct rest_route {
  std::string_view method;
  std::string_view pattern; ///< behind /api/v10
  bucket_rule bucket;
  bool authorized; ///< needs a bot's token, and counts for the global limit
  rest_handler handler;
};

/// Grouped by what they are about; each list in a file of its own.
const std::vector<rest_route>& bot_routes();
const std::vector<rest_route>& channel_routes();
const std::vector<rest_route>& command_routes();
const std::vector<rest_route>& interaction_routes();

http_response rest_error(int status, int code, std::string_view message);
http_response form_error(const form& checked);
http_response no_content();

} // namespace tutti::services::sim::discord

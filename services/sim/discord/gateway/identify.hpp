#pragma once
#include "services/sim/base/json.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tutti::services::sim::discord {

struct identify_request {
  std::string token;
  std::uint64_t shard = 0;
  std::uint64_t shards = 1;
  std::uint64_t intents = 0;
  bool compress = false;
};

/// Why an identify is refused; code 0: it is not.
struct identify_refusal {
  int code = 0;
  std::string_view breach;
  std::string_view reason;
};

/// Reads the `d` of op 2. What depends on the bot (token, guilds a shard, daily limit) is not looked at.
identify_refusal read_identify(const json& d, bool transport_compression, identify_request& out);

} // namespace tutti::services::sim::discord

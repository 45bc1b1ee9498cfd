#pragma once
#include "protocols/json/outcome.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What Discord says about its rate limits (discord-gateway, "REST rate limits").
namespace tutti::protocols::discord {

struct header_view {
  std::string_view name; ///< in any case
  std::string_view value;
};

enum class limit_scope : std::uint8_t {
  none,   ///< not said
  user,   ///< the bot's own, of this bucket
  global, ///< the bot's own, of everything
  shared, ///< of a resource that others use too: not the bot's fault, not an invalid request
};

/// Of an answer's headers. What is missing or unreadable is left out.
struct rate_limit_headers {
  std::optional<std::int64_t> limit, remaining; ///< requests
  std::optional<std::int64_t> reset_after_ms;   ///< rounded up
  std::optional<std::int64_t> retry_after_ms;   ///< of a 429
  std::string bucket;                           ///< "" when not said
  limit_scope scope = limit_scope::none;
  bool global = false;
  std::string unreadable; ///< the first header with a value that means nothing; "" is none
};

rate_limit_headers read_rate_limit(std::span<const header_view> headers);

/// Body of a 429. One from the edge has no JSON: then use the headers only.
struct rate_limited {
  std::int64_t retry_after_ms = 0; ///< rounded up
  bool global = false;
  std::int64_t code = 0; ///< 0 when not said
};

json::outcome<rate_limited> decode_rate_limited(std::string_view body);

} // namespace tutti::protocols::discord

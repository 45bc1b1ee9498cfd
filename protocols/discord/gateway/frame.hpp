#pragma once
#include "protocols/json/outcome.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// What the gateway sends, version 10, JSON (discord-gateway, "Frames").
namespace tutti::protocols::discord {

enum class opcode : std::uint8_t {
  dispatch = 0,
  heartbeat = 1,
  identify = 2,
  presence_update = 3,
  voice_state_update = 4,
  resume = 6,
  reconnect = 7,
  request_guild_members = 8,
  invalid_session = 9,
  hello = 10,
  heartbeat_ack = 11,
};

/// A guild of the largest kind is a few MiB; nothing of this size is honest.
inline constexpr std::size_t max_frame_bytes = 32u << 20;

/// A frame whose content was checked to be JSON, but not read.
struct frame {
  std::int64_t op = -1;            ///< may be one without a name here: ignore it
  std::optional<std::int64_t> seq; ///< of a dispatch
  std::string_view event;          ///< of a dispatch, as in the text
  std::string_view d;              ///< the slice of the text that is its content; "null" when there is none

  bool is(opcode which) const noexcept { return op == static_cast<std::int64_t>(which); }
};

/// The views are those of `text`.
json::outcome<frame> parse_frame(std::string_view text);

/// Of a Hello's content: the heartbeat's interval in ms, 1 … 10 minutes.
json::outcome<std::int64_t> decode_hello(std::string_view d);

/// Of an Invalid Session's content: whether the session may be resumed.
json::outcome<bool> decode_invalid_session(std::string_view d);

} // namespace tutti::protocols::discord

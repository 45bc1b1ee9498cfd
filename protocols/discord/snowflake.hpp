#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::protocols::discord {

/// Milliseconds since 1970 of the first moment that a snowflake can hold.
inline constexpr std::int64_t snowflake_epoch_ms = 1'420'070'400'000;

/// An id of Discord's: unsigned 64 bits, in JSON a decimal string. 0 is none.
template <class Tag>
struct snowflake {
  std::uint64_t value = 0;

  constexpr explicit operator bool() const noexcept { return value != 0; }
  auto operator<=>(const snowflake&) const = default;

  /// When it was made, in milliseconds since 1970.
  constexpr std::int64_t created_ms() const noexcept {
    return static_cast<std::int64_t>(value >> 22) + snowflake_epoch_ms;
  }
};

using application_id = snowflake<struct application_tag>;
using attachment_id = snowflake<struct attachment_tag>;
using channel_id = snowflake<struct channel_tag>;
using command_id = snowflake<struct command_tag>;
using guild_id = snowflake<struct guild_tag>;
using interaction_id = snowflake<struct interaction_tag>;
using message_id = snowflake<struct message_tag>;
using role_id = snowflake<struct role_tag>;
using user_id = snowflake<struct user_tag>;

/// Nothing unless `text` is 1 … 2^64-1 in decimal digits without leading zeros.
std::optional<std::uint64_t> parse_snowflake(std::string_view text) noexcept;

template <class Tag>
std::string to_string(snowflake<Tag> id) {
  return std::to_string(id.value);
}

} // namespace tutti::protocols::discord

template <class Tag>
struct std::hash<tutti::protocols::discord::snowflake<Tag>> {
  std::size_t operator()(tutti::protocols::discord::snowflake<Tag> id) const noexcept {
    return static_cast<std::size_t>(id.value ^ id.value >> 22); // the low bits are mostly zero
  }
};

#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::services::sim::discord {

/// A decimal snowflake as Discord writes it: no sign, no leading zero, at most 2^64 - 1.
std::optional<std::uint64_t> parse_id(std::string_view text) noexcept;

/// Now, in ISO 8601 with microseconds.
std::string timestamp();

/// Unique and rising; the time is in its upper bits as in Discord's.
class snowflakes {
public:
  std::uint64_t next();

private:
  std::uint64_t last_ = 0;
};

} // namespace tutti::services::sim::discord

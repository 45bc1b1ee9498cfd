#include "protocols/discord/snowflake.hpp"

#include <charconv>

namespace tutti::protocols::discord {

std::optional<std::uint64_t> parse_snowflake(std::string_view text) noexcept {
  std::uint64_t value = 0;
  if (text.empty() || text.front() < '1' || text.front() > '9')
    return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

} // namespace tutti::protocols::discord

#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::protocols::http_api {

/// Milliseconds since 1970-01-01T00:00:00Z of an RFC 3339 date-time, or nothing when it is not one: the date
/// must exist, the offset (or Z) must be there, digits past the millisecond are cut off. A leap second is
/// accepted where one can be (23:59:60 UTC at the end of a month) and counts as 23:59:59.999. "t" and "z" may
/// be small.
std::optional<std::int64_t> parse_rfc3339(std::string_view text) noexcept;

/// "2026-11-22T17:30:00.123Z"; times outside the years 0000 to 9999 are moved to the nearest one inside.
std::string format_rfc3339(std::int64_t unix_ms);

} // namespace tutti::protocols::http_api

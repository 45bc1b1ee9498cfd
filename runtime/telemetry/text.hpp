#pragma once
#include <cstdint>
#include <string>
#include <string_view>

/// Turning arbitrary bytes into text that cannot break out of the line or string it is put in.
namespace tutti::runtime::telemetry {

/// Appends `bytes` as the inside of a JSON string (no quotes around it). The result is valid JSON and valid
/// UTF-8 whatever comes in: bytes that are not UTF-8 become U+FFFD, one each.
void append_json_escaped(std::string& out, std::string_view bytes);

/// Appends `bytes` as part of one line for a terminal: control characters (C0, DEL, C1), line and paragraph
/// separators and bidirectional overrides are written as escapes; bytes that are not UTF-8 become U+FFFD.
void append_line_escaped(std::string& out, std::string_view bytes);

/// `bytes` with everything that is not UTF-8 replaced by U+FFFD.
std::string to_utf8(std::string_view bytes);

/// Appends microseconds since 1970 as RFC 3339 in UTC with milliseconds: 2026-01-31T23:59:59.123Z.
void append_rfc3339(std::string& out, std::int64_t unix_us);

} // namespace tutti::runtime::telemetry

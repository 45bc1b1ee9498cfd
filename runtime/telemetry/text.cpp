#include "runtime/telemetry/text.hpp"

#include <chrono>
#include <cstddef>
#include <cstdio>

namespace tutti::runtime::telemetry {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct code_point {
  char32_t value;
  std::size_t length; // 0: the byte is not part of valid UTF-8
};

/// Decodes one multi-byte sequence; overlong forms, surrogates and values above U+10FFFF are invalid.
code_point decode(std::string_view s) noexcept {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  auto lead = byte(0);
  std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || s.size() < length)
    return {0, 0};
  char32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U)
      return {0, 0};
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || (value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF)
    return {0, 0};
  return {value, length};
}

bool moves_the_cursor(char32_t c) noexcept {
  return (c >= 0x80 && c <= 0x9F) || c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E)
         || (c >= 0x2066 && c <= 0x2069);
}

void append_code(std::string& out, const char* format, unsigned value) {
  char buffer[16];
  auto n = std::snprintf(buffer, sizeof buffer, format, value);
  out.append(buffer, static_cast<std::size_t>(n));
}

/// Copies runs of plain text at once; `ascii` handles what it wants to escape (and returns true), `wide` the
/// same for valid sequences above 0x7F.
template <class Ascii, class Wide>
void walk(std::string& out, std::string_view bytes, Ascii ascii, Wide wide) {
  std::size_t plain = 0;
  std::size_t i = 0;
  auto flush = [&] { out.append(bytes.substr(plain, i - plain)); };
  while (i < bytes.size()) {
    auto c = static_cast<unsigned char>(bytes[i]);
    if (c < 0x80) {
      if (!ascii.wants(c)) {
        ++i;
        continue;
      }
      flush();
      ascii.put(out, c);
      plain = ++i;
      continue;
    }
    auto [value, length] = decode(bytes.substr(i));
    if (length > 0 && !wide.wants(value)) {
      i += length;
      continue;
    }
    flush();
    if (length == 0)
      out += replacement;
    else
      wide.put(out, value);
    plain = i += length == 0 ? 1 : length;
  }
  flush();
}

struct json_ascii {
  static bool wants(unsigned char c) noexcept { return c < 0x20 || c == '"' || c == '\\' || c == 0x7F; }
  static void put(std::string& out, unsigned char c) {
    switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      append_code(out, "\\u%04x", c);
    }
  }
};

struct line_ascii {
  static bool wants(unsigned char c) noexcept { return c < 0x20 || c == 0x7F; }
  static void put(std::string& out, unsigned char c) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else
      append_code(out, "\\x%02x", c);
  }
};

struct separators {
  static bool wants(char32_t c) noexcept { return moves_the_cursor(c); }
  static void put(std::string& out, char32_t c) { append_code(out, "\\u%04x", static_cast<unsigned>(c)); }
};

struct nothing {
  static bool wants(char32_t) noexcept { return false; }
  static void put(std::string&, char32_t) {}
};

} // namespace

void append_json_escaped(std::string& out, std::string_view bytes) {
  // Whoever prints a JSON line on a terminal is as exposed as with plain text: same separators.
  walk(out, bytes, json_ascii{}, separators{});
}

void append_line_escaped(std::string& out, std::string_view bytes) {
  walk(out, bytes, line_ascii{}, separators{});
}

std::string to_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  walk(out, bytes, nothing{}, nothing{});
  return out;
}

void append_rfc3339(std::string& out, std::int64_t unix_us) {
  using namespace std::chrono;
  sys_time<microseconds> at{microseconds{unix_us}};
  auto day = floor<days>(at);
  year_month_day date{day};
  hh_mm_ss time{floor<milliseconds>(at - day)};
  char buffer[40];
  auto n = std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                         static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                         static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                         static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                         static_cast<int>(time.subseconds().count()));
  out.append(buffer, static_cast<std::size_t>(n));
}

} // namespace tutti::runtime::telemetry

#include "services/cli/console/text.hpp"

#include "protocols/http_api/utf8.hpp"
#include "runtime/telemetry/text.hpp"

#include <array>
#include <cstdio>
#include <cwchar>

#include <locale.h>

namespace tutti::services::cli {
namespace {

/// Of a valid sequence.
char32_t decode(std::string_view bytes) {
  auto first = static_cast<unsigned char>(bytes.front());
  char32_t out = bytes.size() == 1 ? first : first & (0x7Fu >> bytes.size());
  for (auto c : bytes.substr(1))
    out = out << 6 | (static_cast<unsigned char>(c) & 0x3F);
  return out;
}

/// Calls `use(code point, its bytes)` for each character, until it returns false; of broken sequences,
/// U+FFFD.
template <class Use>
void each_character(std::string_view text, Use use) {
  while (!text.empty()) {
    auto step = protocols::http_api::next_utf8(text);
    auto bytes = text.substr(0, step.length);
    if (!use(step.valid ? decode(bytes) : U'\uFFFD', bytes))
      return;
    text.remove_prefix(step.length);
  }
}

/// By the C library's table, whatever the user's locale is.
std::size_t width_of(char32_t c) {
  static const auto utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (c < 0x7F || !utf8)
    return c < 0x20 ? 0 : 1;
  auto before = ::uselocale(utf8);
  auto width = ::wcwidth(static_cast<wchar_t>(c));
  ::uselocale(before);
  return width < 0 ? 0 : static_cast<std::size_t>(width);
}

/// Controls, and what changes the order or the breaking of text.
bool drives_terminal(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0x200E || c == 0x200F
         || c == 0x061C || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

std::string formatted(const char* format, auto... values) {
  std::array<char, 64> buffer{};
  auto length = std::snprintf(buffer.data(), buffer.size(), format, values...);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

} // namespace

std::string clean(std::string_view bytes) {
  std::string out;
  runtime::telemetry::append_line_escaped(out, bytes);
  return out;
}

std::string clean_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  each_character(json, [&](char32_t c, std::string_view bytes) {
    if (c == '\n' || c == '\r' || c == '\t') // in JSON text they stand between values only
      out += ' ';
    else if (drives_terminal(c))
      out += formatted("\\u%04x", static_cast<unsigned>(c));
    else if (c == 0xFFFD)
      out += "\xEF\xBF\xBD";
    else
      out += bytes;
    return true;
  });
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t out = 0;
  each_character(text, [&](char32_t c, std::string_view) {
    out += width_of(c);
    return true;
  });
  return out;
}

std::string cut(std::string_view text, std::size_t columns) {
  if (text.size() <= columns || display_width(text) <= columns)
    return std::string{text};
  if (columns == 0)
    return {};
  std::string out;
  std::size_t used = 0;
  each_character(text, [&](char32_t c, std::string_view bytes) {
    auto width = width_of(c);
    if (used + width > columns - 1)
      return false;
    used += width;
    out += bytes;
    return true;
  });
  return out + "…";
}

std::string grouped(std::uint64_t number) {
  auto out = std::to_string(number);
  for (auto at = out.size(); at > 3; at -= 3)
    out.insert(at - 3, 1, ',');
  return out;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < units.size(); ++unit)
    amount /= 1024;
  return formatted(unit == 0 ? "%.0f %s" : "%.1f %s", amount, units[unit]);
}

std::string duration_text(std::chrono::milliseconds d) {
  auto ms = d.count();
  if (ms < 1000)
    return formatted("%lld ms", static_cast<long long>(ms));
  if (ms < 60'000)
    return formatted("%.1f s", static_cast<double>(ms) / 1000);
  auto s = static_cast<long long>(ms / 1000);
  if (s < 3600)
    return formatted("%lld m %02lld s", s / 60, s % 60);
  return formatted("%lld h %02lld m", s / 3600, s / 60 % 60);
}

std::string fixed(double number, int digits) {
  return formatted("%.*f", digits, number);
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return grouped(number) + " " + std::string{noun} + (number == 1 ? "" : "s");
}

} // namespace tutti::services::cli

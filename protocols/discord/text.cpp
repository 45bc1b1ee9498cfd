#include "protocols/discord/text.hpp"

#include "protocols/http_api/utf8.hpp"

#include <algorithm>

namespace tutti::protocols::discord {
namespace {

constexpr std::string_view ellipsis = "\xE2\x80\xA6";
constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view zero_width_space = "\xE2\x80\x8B";
constexpr std::string_view always_special = "\\`*_~|<>[]";
constexpr std::string_view special_at_line_start = "#-+>";

/// Calls `take(sequence, valid)` for each character.
template <class F>
void each_character(std::string_view text, F&& take) {
  while (!text.empty()) {
    auto step = http_api::next_utf8(text);
    take(text.substr(0, step.length), step.valid);
    text.remove_prefix(step.length);
  }
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> prefixes) noexcept {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](auto prefix) { return text.starts_with(prefix); });
}

/// C0, DEL, C1, the line and paragraph separators.
bool is_control(std::string_view c) noexcept {
  auto lead = static_cast<unsigned char>(c[0]);
  if (c.size() == 1)
    return lead < 0x20 || lead == 0x7F;
  return (c.size() == 2 && lead == 0xC2 && static_cast<unsigned char>(c[1]) < 0xA0) || c == "\xE2\x80\xA8"
         || c == "\xE2\x80\xA9";
}

/// U+202A … U+202E, U+2066 … U+2069, U+200E, U+200F, U+061C: what follows would be shown elsewhere.
bool is_direction_mark(std::string_view c) noexcept {
  if (c.size() == 2)
    return c == "\xD8\x9C";
  if (c.size() != 3 || c[0] != '\xE2')
    return false;
  auto last = static_cast<unsigned char>(c[2]);
  if (c[1] == '\x80')
    return (last >= 0xAA && last <= 0xAE) || last == 0x8E || last == 0x8F;
  return c[1] == '\x81' && last >= 0xA6 && last <= 0xA9;
}

/// White space, and characters without any width.
bool is_invisible(std::string_view c) noexcept {
  static constexpr std::string_view others[] = {
      "\xC2\xA0",     "\xC2\xAD",     "\xE1\x9A\x80", "\xE1\xA0\x8E", "\xE2\x80\xAF",
      "\xE2\x81\x9F", "\xE2\x81\xA0", "\xE3\x80\x80", "\xEF\xBB\xBF",
  };
  if (c == " " || is_control(c) || is_direction_mark(c))
    return true;
  if (c.size() == 3 && c.starts_with("\xE2\x80") && static_cast<unsigned char>(c[2]) <= 0x8F)
    return true; // U+2000 … U+200F
  return std::find(std::begin(others), std::end(others), c) != std::end(others);
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Digits, and behind them a dot: an ordered list's mark. The position of the dot, or npos.
std::size_t list_dot(std::string_view line) noexcept {
  auto digits = static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), is_digit) - line.begin());
  return digits > 0 && digits < line.size() && line[digits] == '.' ? digits : std::string_view::npos;
}

} // namespace

std::size_t characters(std::string_view text) noexcept {
  std::size_t count = 0;
  each_character(text, [&](std::string_view, bool) { ++count; });
  return count;
}

bool blank(std::string_view text) noexcept {
  bool seen = false;
  each_character(text, [&](std::string_view c, bool valid) { seen = seen || !valid || !is_invisible(c); });
  return !seen;
}

std::string truncate(std::string_view text, std::size_t most) {
  if (text.size() <= most || characters(text) <= most)
    return std::string{text};
  if (most == 0)
    return {};
  std::size_t bytes = 0;
  for (std::size_t i = 0; i + 1 < most; ++i)
    bytes += http_api::next_utf8(text.substr(bytes)).length;
  return std::string{text.substr(0, bytes)} + std::string{ellipsis};
}

std::string plain_line(std::string_view text, std::size_t most) {
  std::string out;
  each_character(text, [&](std::string_view c, bool valid) {
    if (!valid)
      out += replacement;
    else if (is_control(c))
      out += ' ';
    else if (!is_direction_mark(c))
      out += c;
  });
  auto first = out.find_first_not_of(' ');
  if (first == std::string::npos)
    return {};
  return truncate(std::string_view{out}.substr(first, out.find_last_not_of(' ') - first + 1), most);
}

std::string escape_markdown(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  bool line_start = true;
  std::size_t dot = std::string_view::npos; // of an ordered list
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto rest = text.substr(i);
    if (line_start && is_digit(c) && list_dot(rest) != std::string_view::npos)
      dot = i + list_dot(rest);
    if (always_special.find(c) != std::string_view::npos
        || (line_start && special_at_line_start.find(c) != std::string_view::npos) || i == dot
        || (c == ':' && rest.starts_with("://")))
      out += '\\';
    out += c;
    if (c == '@' && starts_with_any(rest.substr(1), {"everyone", "here"}))
      out += zero_width_space;
    line_start = c == '\n' || (line_start && (c == ' ' || c == '\t'));
  }
  return out;
}

bool is_web_url(std::string_view url) noexcept {
  auto host = url.starts_with("https://") ? url.substr(8) : url.starts_with("http://") ? url.substr(7) : "";
  return !host.empty() && host.front() != '/'
         && std::all_of(host.begin(), host.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

std::string masked_link(std::string_view text, std::string_view url) {
  auto shown = escape_markdown(text);
  if (!is_web_url(url))
    return shown;
  std::string out = "[" + shown + "](";
  for (char c : url) {
    if (c == '(')
      out += "%28";
    else if (c == ')')
      out += "%29";
    else if (c == '<')
      out += "%3C";
    else if (c == '>')
      out += "%3E";
    else
      out += c;
  }
  return out + ")";
}

} // namespace tutti::protocols::discord

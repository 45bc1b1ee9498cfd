#include "protocols/json/escapes.hpp"

#include <cstdint>

namespace tutti::protocols::json {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Of four checked hexadecimal digits.
std::uint32_t hex_unit(std::string_view digits) noexcept {
  std::uint32_t unit = 0;
  for (char c : digits.substr(0, 4))
    unit = unit << 4 | static_cast<std::uint32_t>(hex_digit(c));
  return unit;
}

void append_utf8(std::string& out, std::uint32_t c) {
  auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

/// Appends what the `\u` escapes at the beginning of `text` make; returns their bytes.
std::size_t append_unit(std::string& out, std::string_view text) {
  auto unit = hex_unit(text.substr(2));
  if (unit < 0xD800 || unit > 0xDFFF) {
    append_utf8(out, unit);
    return 6;
  }
  if (unit < 0xDC00 && text.size() >= 12 && text[6] == '\\' && text[7] == 'u') {
    auto low = hex_unit(text.substr(8));
    if (low >= 0xDC00 && low <= 0xDFFF) {
      append_utf8(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
      return 12;
    }
  }
  append_utf8(out, 0xFFFD);
  return 6;
}

char plain_escape(char c) noexcept {
  switch (c) {
  case 'b':
    return '\b';
  case 'f':
    return '\f';
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  default:
    return c;
  }
}

} // namespace

std::size_t escape_length(std::string_view text) noexcept {
  if (text.size() < 2)
    return 0;
  if (text[1] != 'u')
    return std::string_view{"\"\\/bfnrt"}.find(text[1]) != std::string_view::npos ? 2 : 0;
  if (text.size() < 6)
    return 0;
  for (char c : text.substr(2, 4))
    if (hex_digit(c) < 0)
      return 0;
  return 6;
}

void append_unescaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    auto plain = text.substr(0, text.find('\\'));
    out += plain;
    text.remove_prefix(plain.size());
    if (text.empty())
      return;
    std::size_t used = 2;
    if (text[1] == 'u')
      used = append_unit(out, text);
    else
      out += plain_escape(text[1]);
    text.remove_prefix(used);
  }
}

} // namespace tutti::protocols::json

#include "protocols/http_api/json_writer.hpp"

#include "protocols/http_api/utf8.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace tutti::protocols::http_api {
namespace {

// True for the bytes that can stand in a JSON string as they are and need no look at their neighbours.
constexpr auto plain_bytes = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0x20; c < 0x80; ++c)
    table[c] = c != '"' && c != '\\';
  return table;
}();

void append_escape(std::string& out, unsigned char c) {
  constexpr char digits[] = "0123456789abcdef";
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
    out += "\\u00";
    out += digits[c >> 4];
    out += digits[c & 15];
  }
}

template <class T>
void append_number(std::string& out, T value) {
  char buffer[32];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  out.append(buffer, end);
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t copied = 0, i = 0;
  auto flush = [&] { out.append(text, copied, i - copied); };
  while (i < text.size()) {
    auto c = static_cast<unsigned char>(text[i]);
    if (plain_bytes[c]) {
      ++i;
    } else if (c < 0x80) {
      flush();
      append_escape(out, c);
      copied = ++i;
    } else if (auto step = next_utf8(text.substr(i)); step.valid) {
      i += step.length;
    } else {
      flush();
      out += "\xEF\xBF\xBD";
      copied = i += step.length;
    }
  }
  flush();
  out += '"';
}

void json_writer::separate() {
  if (comma_)
    out_ += ',';
  comma_ = true;
}

json_writer& json_writer::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

json_writer& json_writer::close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

json_writer& json_writer::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}

json_writer& json_writer::string(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

json_writer& json_writer::signed_integer(std::int64_t value) {
  separate();
  append_number(out_, value);
  return *this;
}

json_writer& json_writer::unsigned_integer(std::uint64_t value) {
  separate();
  append_number(out_, value);
  return *this;
}

json_writer& json_writer::number(double value) {
  if (!std::isfinite(value))
    return null();
  separate();
  append_number(out_, value);
  return *this;
}

json_writer& json_writer::boolean(bool value) {
  return raw(value ? "true" : "false");
}

json_writer& json_writer::null() {
  return raw("null");
}

json_writer& json_writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

} // namespace tutti::protocols::http_api

#include "services/postgres/statement/value.hpp"

#include <array>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace tutti::services::postgres {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

void append_hex(std::string& out, std::string_view data) {
  for (unsigned char c : data) {
    out += hex_digits[c >> 4];
    out += hex_digits[c & 15];
  }
}

int hex_value(char c) noexcept {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

template <class Values, class Append>
std::string array_text(const Values& values, Append append) {
  std::string out = "{";
  for (auto& v : values) {
    if (out.size() > 1)
      out += ',';
    append(out, v);
  }
  return out += '}';
}

void append_quoted(std::string& out, const std::string& text) {
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  out += '"';
}

std::optional<int> take_number(std::string_view& text, std::size_t digits) noexcept {
  int value = 0;
  if (text.size() < digits
      || std::from_chars(text.data(), text.data() + digits, value).ptr != text.data() + digits || value < 0)
    return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, char c) noexcept {
  if (!text.starts_with(c))
    return false;
  text.remove_prefix(1);
  return true;
}

} // namespace

param::param(double value) {
  std::array<char, 32> buffer{};
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  data_.assign(buffer.data(), end);
}

param::param(timestamp value) : data_(to_text(value)) {}

param::param(const std::vector<std::string>& values) : data_(array_text(values, append_quoted)) {
  check();
}

param::param(const std::vector<std::int64_t>& values)
    : data_(array_text(values, [](std::string& out, std::int64_t v) { out += std::to_string(v); })) {}

param::param(const std::vector<bytes>& values)
    : data_(array_text(values, [](std::string& out, const bytes& v) {
        out += "\"\\\\x";
        append_hex(out, v.data);
        out += '"';
      })) {}

std::string to_text(timestamp at) {
  using namespace std::chrono;
  auto time = sys_time<milliseconds>{milliseconds{at.unix_ms}};
  auto day = floor<days>(time);
  year_month_day date{day};
  hh_mm_ss<milliseconds> clock{time - day};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}+00", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::optional<timestamp> parse_timestamp(std::string_view text) noexcept {
  using namespace std::chrono;
  std::optional<int> parts[6];
  constexpr char after[] = {'-', '-', ' ', ':', ':', '\0'};
  for (std::size_t i = 0; i < 6; ++i) {
    parts[i] = take_number(text, i == 0 ? 4 : 2);
    if (!parts[i] || (after[i] && !take_char(text, after[i])))
      return std::nullopt;
  }
  std::int64_t ms = 0;
  if (take_char(text, '.')) {
    int scale = 100; // digits beyond milliseconds are cut off
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), scale /= 10)
      ms += scale * (text.front() - '0');
  }
  if (text != "+00")
    return std::nullopt;
  year_month_day date{year{*parts[0]}, month{static_cast<unsigned>(*parts[1])},
                      day{static_cast<unsigned>(*parts[2])}};
  if (!date.ok())
    return std::nullopt;
  auto whole = sys_days{date} + hours{*parts[3]} + minutes{*parts[4]} + seconds{*parts[5]};
  return timestamp{duration_cast<milliseconds>(whole.time_since_epoch()).count() + ms};
}

std::optional<bytes> parse_bytes(std::string_view text) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0)
    return std::nullopt;
  text.remove_prefix(2);
  bytes out;
  out.data.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    auto high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0)
      return std::nullopt;
    out.data += static_cast<char>(high * 16 + low);
  }
  return out;
}

} // namespace tutti::services::postgres

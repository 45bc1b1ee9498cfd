#include "protocols/discord/rest/rate_limit.hpp"

#include "protocols/discord/fields.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace tutti::protocols::discord {
namespace {

constexpr double longest_wait_s = 366.0 * 86'400;

bool same_name(std::string_view a, std::string_view small) noexcept {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), small.begin(), small.end(),
                    [&](char x, char y) { return lower(x) == y; });
}

std::optional<std::int64_t> to_ms(double seconds) noexcept {
  if (!(seconds >= 0 && seconds <= longest_wait_s))
    return std::nullopt;
  return static_cast<std::int64_t>(std::ceil(seconds * 1000));
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) noexcept {
  Number value{};
  auto end = text.data() + text.size();
  if (text.empty() || std::from_chars(text.data(), end, value) != std::from_chars_result{end, {}})
    return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_count(std::string_view text) noexcept {
  auto value = parse_number<std::int64_t>(text);
  return value && *value >= 0 ? value : std::nullopt;
}

std::optional<std::int64_t> parse_seconds(std::string_view text) noexcept {
  auto value = parse_number<double>(text);
  return value ? to_ms(*value) : std::nullopt;
}

std::optional<limit_scope> parse_scope(std::string_view text) noexcept {
  if (text == "user")
    return limit_scope::user;
  if (text == "global")
    return limit_scope::global;
  if (text == "shared")
    return limit_scope::shared;
  return std::nullopt;
}

} // namespace

rate_limit_headers read_rate_limit(std::span<const header_view> headers) {
  rate_limit_headers x;
  for (auto& [name, value] : headers) {
    bool readable = true;
    auto take = [&](auto& field, auto parsed) {
      readable = parsed.has_value();
      if (parsed)
        field = *parsed;
    };
    if (same_name(name, "x-ratelimit-limit"))
      take(x.limit, parse_count(value));
    else if (same_name(name, "x-ratelimit-remaining"))
      take(x.remaining, parse_count(value));
    else if (same_name(name, "x-ratelimit-reset-after"))
      take(x.reset_after_ms, parse_seconds(value));
    else if (same_name(name, "retry-after"))
      take(x.retry_after_ms, parse_seconds(value));
    else if (same_name(name, "x-ratelimit-bucket"))
      x.bucket = value;
    else if (same_name(name, "x-ratelimit-scope"))
      take(x.scope, parse_scope(value));
    else if (same_name(name, "x-ratelimit-global"))
      x.global = same_name(value, "true");
    if (!readable && x.unreadable.empty())
      x.unreadable = name;
  }
  return x;
}

json::outcome<rate_limited> decode_rate_limited(std::string_view body) {
  return decode<rate_limited>(body, "", [](json::reader& in, rate_limited& x) {
    bool has_wait = false;
    return in.object([&](std::string_view key) {
      double seconds = 0;
      if (key == "retry_after") {
        if (!in.number(seconds))
          return;
        auto wait = to_ms(seconds);
        has_wait = wait.has_value() || in.fail("is out of range");
        x.retry_after_ms = wait.value_or(0);
      } else if (key == "global") {
        read(in, x.global);
      } else if (key == "code") {
        if (!in.null())
          read(in, x.code);
      } else {
        in.skip();
      }
    }) && (has_wait || in.missing("retry_after"));
  });
}

} // namespace tutti::protocols::discord

#include "runtime/config/values.hpp"

#include "runtime/config/load.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <numeric>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace tutti::runtime::config {
namespace {

struct unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr unit units[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr std::int64_t longest_ms = 3'650LL * 86'400'000;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

template <class Allowed>
bool all_of(std::string_view text, Allowed allowed) {
  return std::all_of(text.begin(), text.end(), allowed);
}

template <class T>
bool read_number(std::string_view text, T& out) noexcept {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

int hex_value(char c) noexcept {
  if (is_digit(c))
    return c - '0';
  char l = static_cast<char>(c | 0x20);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

int base64_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (is_digit(c))
    return c - '0' + 52;
  if (c == '+' || c == '-')
    return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

} // namespace

std::string shown(const raw& value) {
  struct visitor {
    std::string operator()(const std::string& s) const {
      constexpr std::size_t longest = 60;
      return s.size() <= longest ? fmt::format("\"{}\"", s) : fmt::format("\"{}…\"", s.substr(0, longest));
    }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(double d) const { return fmt::format("{:#}", d); }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(const std::vector<raw>&) const { return "an array"; }
    std::string operator()(raw::odd o) const { return fmt::format("a {}", o.name); }
  };
  return std::visit(visitor{}, value.data);
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  auto digits = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  std::int64_t count = 0;
  if (digits == 0 || !read_number(text.substr(0, digits), count))
    return std::nullopt;
  for (auto& u : units)
    if (text.substr(digits) == u.name && count <= longest_ms / u.ms)
      return milliseconds{count * u.ms};
  return std::nullopt;
}

std::string format_duration(milliseconds d) {
  for (auto& u : units)
    if (d.count() != 0 && d.count() % u.ms == 0)
      return fmt::format("{}{}", d.count() / u.ms, u.name);
  return "0s";
}

std::optional<endpoint> parse_endpoint(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  auto host = text.substr(0, colon);
  auto port_text = text.substr(colon + 1);
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  endpoint result{std::string{host}, 0};
  if (port_text.empty() || !all_of(port_text, is_digit) || !read_number(port_text, result.port))
    return std::nullopt;
  // An IPv6 address needs its brackets, nothing else may have them.
  if (bracketed != (host.find(':') != std::string_view::npos) || !check_host(result.host).empty())
    return std::nullopt;
  return result;
}

std::string to_string(const endpoint& e) {
  bool v6 = e.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", e.host, e.port) : fmt::format("{}:{}", e.host, e.port);
}

bool is_loopback(std::string_view host) {
  std::string text{host};
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1)
    return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1)
    return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";
}

std::string check_host(const std::string& text) {
  in6_addr v6{};
  if (text.find(':') != std::string::npos)
    return inet_pton(AF_INET6, text.c_str(), &v6) == 1 ? "" : "is not a host name or address";
  bool fits = !text.empty() && text.size() <= 253 && text.front() != '-' && text.front() != '.';
  if (!fits || !all_of(text, [](char c) {
        return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
      }))
    return "is not a host name or address";
  // All digits and dots: either a proper IPv4 address or a typing mistake.
  in_addr v4{};
  if (all_of(text, [](char c) { return is_digit(c) || c == '.'; })
      && inet_pton(AF_INET, text.c_str(), &v4) != 1)
    return "is not a host name or address";
  return "";
}

std::string check_name(const std::string& text) {
  bool fits = !text.empty() && text.size() <= 64 && (is_letter(text[0]) || is_digit(text[0]));
  if (!fits || !all_of(text, [](char c) {
        return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
      }))
    return "must be 1 to 64 letters, digits, '-', '_' or '.', the first a letter or digit";
  return "";
}

std::string check_prefix(const std::string& text) {
  // {} would change which Redis cluster slot a key goes to; * ? [ ] would turn scans into something else.
  auto plain = [](char c) {
    return c > ' ' && c < 0x7F && std::string_view{"{}*?[]\\\"'"}.find(c) == std::string_view::npos;
  };
  return text.size() <= 64 && all_of(text, plain)
             ? ""
             : "must be at most 64 characters, no spaces or any of {}*?[]\\\"'";
}

std::string check_header(const std::string& text) {
  return all_of(text, [](char c) { return c > ' ' && c < 0x7F; }) ? ""
                                                                  : "must be printable ASCII without spaces";
}

std::string check_key_id(const std::string& text) {
  return all_of(text, [](char c) { return is_letter(c) || is_digit(c); }) ? "" : "must be letters and digits";
}

std::optional<std::array<std::uint8_t, 32>> decode_key(std::string_view text) {
  std::array<std::uint8_t, 32> key{};
  if (text.size() == 64) {
    for (std::size_t i = 0; i < key.size(); ++i) {
      auto high = hex_value(text[2 * i]);
      auto low = hex_value(text[2 * i + 1]);
      if (high < 0 || low < 0)
        return std::nullopt;
      key[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return key;
  }
  if (text.size() == 44 && text.back() == '=')
    text.remove_suffix(1);
  if (text.size() != 43)
    return std::nullopt;
  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t at = 0;
  for (char c : text) {
    auto value = base64_value(c);
    if (value < 0)
      return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      key[at++] = static_cast<std::uint8_t>(bits >> held);
    }
  }
  if ((bits & 3U) != 0) // 43 digits hold 258 bits: the last two must be unused
    return std::nullopt;
  return key;
}

std::string check_encryption_key(const std::string& text) {
  return decode_key(text)
             ? ""
             : "must be 32 bytes: 64 hex digits or base64; make one with: openssl rand -base64 32";
}

std::string_view nearest(std::string_view text, std::span<const std::string_view> words) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, text.size() / 4) + 1;
  for (auto word : words) {
    // Levenshtein, one row at a time.
    std::vector<std::size_t> row(word.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < text.size(); ++i) {
      auto diagonal = std::exchange(row[0], i + 1);
      for (std::size_t j = 0; j < word.size(); ++j) {
        auto replaced = diagonal + (text[i] == word[j] ? 0U : 1U);
        diagonal = row[j + 1];
        row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
      }
    }
    // "rate" is not a mistyping of "url": at least half of it has to match.
    if (row.back() < best_distance && row.back() * 2 <= std::max(word.size(), text.size())) {
      best_distance = row.back();
      best = word;
    }
  }
  return best;
}

} // namespace tutti::runtime::config

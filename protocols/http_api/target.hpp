#pragma once
#include "protocols/http_api/problem.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::protocols::http_api {

/// A request target in origin form (RFC 9112, 3.2.1), taken apart and percent-decoded.
struct target {
  std::string_view path;             ///< as received, a slice of what was parsed
  std::vector<std::string> segments; ///< decoded; "/" has none, "/jobs/" has "jobs" and ""
  std::vector<std::pair<std::string, std::string>> query; ///< decoded; each name once

  /// The decoded value of a query parameter.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  /// A 422 that names the first parameter that is not in the list.
  std::optional<problem> unknown_parameter(std::initializer_list<std::string_view> known) const;
  /// A whole decimal number from `low` to `high`, `fallback` when the parameter is not there, else a 422.
  result<std::int64_t> integer(std::string_view name, std::int64_t low, std::int64_t high,
                               std::int64_t fallback) const;
  /// `limit` as all lists have it: 1 to 500, default 50.
  result<std::size_t> limit() const;
  /// "true" or "false".
  result<bool> flag(std::string_view name, bool fallback) const;
};

/// Errors are 400: not in origin form, a byte that RFC 3986 forbids, a "%" without two hexadecimal digits,
/// decoded text that is not UTF-8 or holds NUL, a query parameter that comes twice. "+" in the query is a
/// space.
result<target> parse_target(std::string_view text);

/// Decodes %XX (and "+" when `plus_is_space`); nothing when malformed, not UTF-8, or with NUL in it.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

} // namespace tutti::protocols::http_api

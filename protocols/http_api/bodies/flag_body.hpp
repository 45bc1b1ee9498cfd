#pragma once
#include "protocols/http_api/problem.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::protocols::http_api {

/// The body of PUT /flags/{name}.
struct flag_body {
  bool enabled = false;
  std::optional<std::uint8_t> percentage; ///< 0 to 100
  std::string description;                ///< up to 1000 characters without control characters
  std::optional<std::uint64_t> version;   ///< that is to be replaced; 0: there must be none

  bool operator==(const flag_body&) const = default;
};

/// Errors as `parse_submission`.
result<flag_body> parse_flag(std::string_view body);

} // namespace tutti::protocols::http_api

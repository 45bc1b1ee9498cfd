#pragma once
#include "protocols/http_api/problem.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::protocols::http_api {

/// The body of POST /dead-letters/retry: which ones to run again. A filter that is not there lets all pass.
struct dead_letter_retry {
  std::optional<std::string> type;  ///< a job type
  std::optional<std::string> queue; ///< a queue's name
  std::optional<std::string> error; ///< 1 to 1024 characters
  std::int64_t max = 100;           ///< 1 to 10,000

  bool operator==(const dead_letter_retry&) const = default;
};

/// Errors as `parse_submission`.
result<dead_letter_retry> parse_dead_letter_retry(std::string_view body);

} // namespace tutti::protocols::http_api

#pragma once
#include "protocols/http_api/problem.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::protocols::http_api {

enum class job_priority : std::uint8_t { high, medium, low };

std::string_view to_string(job_priority value) noexcept;

/// The body of POST /jobs.
struct submission {
  std::string type;           ///< 1 to 128 of a-z 0-9 . _ -; whether it exists is not known here
  std::string payload = "{}"; ///< the value's JSON text as it was received, valid UTF-8
  std::optional<std::string> idempotency_key; ///< 1 to 255 printable ASCII characters
  job_priority priority = job_priority::medium;
  std::string queue = "default";             ///< 1 to 64 of A-Z a-z 0-9 . _ -
  std::optional<std::string> key;            ///< jobs of one key run one after the other; 1 to 255 characters
  std::int64_t delay_ms = 0;                 ///< 0 to 366 days
  std::optional<std::int64_t> run_at_ms;     ///< Unix time; may lie in the past; never together with delayMs
  std::optional<std::uint32_t> max_attempts; ///< 1 to 100
  std::optional<std::int64_t> timeout_ms;    ///< of one attempt, 1 to 86,400,000

  bool operator==(const submission&) const = default;
};

/// 400: not JSON, deeper than 64 levels (the body is the first), not UTF-8. 422: JSON, but not a submission;
/// `errors` then holds every mistake (up to 100).
result<submission> parse_submission(std::string_view body);

/// Takes over the key of an `Idempotency-Key` header, bare or as the quoted string of
/// draft-ietf-httpapi-idempotency-key-header. 422 when it is not 1 to 255 printable ASCII characters, or not
/// the key that the body names.
std::optional<problem> apply_idempotency_header(submission& job, std::optional<std::string_view> header);

enum class batch_format : std::uint8_t { array, ndjson };

/// The body of POST /jobs/batch: for each element, or line that is not blank, in order, a submission or its
/// problem. Pointers of an array's problems begin with the index ("/3/type"); those of NDJSON are relative to
/// the line, whose number (from 1, blank ones counted) begins `detail`. The batch as a whole is refused when
/// an array is not JSON (400) or not an array (422), and with more than `max_jobs` (422).
result<std::vector<result<submission>>> parse_batch(std::string_view body, batch_format format,
                                                    std::size_t max_jobs);

} // namespace tutti::protocols::http_api

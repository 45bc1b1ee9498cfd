#pragma once
#include "protocols/http_api/bodies/job_body.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::protocols::http_api {

/// What a schedule does about the runs that it missed while no node was there: drop them, run once, run each.
enum class catch_up_rule : std::uint8_t { none, once, all };

std::string_view to_string(catch_up_rule value) noexcept;

/// The body of PUT /schedules/{name}. Fields that a submission has too mean the same here.
struct schedule_body {
  std::string type;
  std::string payload = "{}";
  std::string queue = "default";
  job_priority priority = job_priority::medium;
  std::optional<std::string> key;
  std::optional<std::uint32_t> max_attempts;
  std::optional<std::int64_t> timeout_ms;
  std::optional<std::int64_t> interval_ms; ///< 1,000 to 31,536,000,000 (365 days); this or `cron`, not both
  std::string cron;              ///< 1 to 256 characters; whether it is one is checked by who runs it
  std::string time_zone = "UTC"; ///< 1 to 64 characters; the same
  catch_up_rule catch_up = catch_up_rule::none;
  std::int64_t jitter_ms = 0; ///< 0 to 86,400,000
  bool paused = false;

  bool operator==(const schedule_body&) const = default;
};

/// Errors as `parse_submission`.
result<schedule_body> parse_schedule(std::string_view body);

} // namespace tutti::protocols::http_api

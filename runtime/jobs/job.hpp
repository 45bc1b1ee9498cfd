#pragma once
#include "runtime/jobs/schema/fingerprint.hpp"
#include "runtime/telemetry/trace.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::runtime::jobs {

/// Wall-clock time: milliseconds since the Unix epoch, UTC.
using unix_ms = std::int64_t;

/// A ULID (https://github.com/ulid/spec): 48 bits of milliseconds, 80 random bits, so that ids sort by
/// creation. Chosen before a job is first sent anywhere, which makes an internal resend harmless.
struct job_id {
  std::uint64_t hi = 0;
  std::uint64_t lo = 0;
  auto operator<=>(const job_id&) const = default;
  explicit operator bool() const noexcept { return hi != 0 || lo != 0; }
  unix_ms time() const noexcept { return static_cast<unix_ms>(hi >> 16); }
};

/// A new id; later ones of the same thread are greater even within one millisecond.
job_id make_job_id(unix_ms now);
/// 26 characters of Crockford's base 32.
std::string to_string(job_id id);
/// Nothing unless it is exactly what to_string gives.
std::optional<job_id> parse_job_id(std::string_view text) noexcept;

enum class job_status : std::uint8_t { scheduled, queued, running, retrying, succeeded, dead, cancelled };
inline constexpr std::size_t job_status_count = 7;
std::string_view to_string(job_status status) noexcept;
std::optional<job_status> parse_job_status(std::string_view text) noexcept;
constexpr bool is_final(job_status s) noexcept {
  return s == job_status::succeeded || s == job_status::dead || s == job_status::cancelled;
}

enum class priority : std::uint8_t { high, medium, low };
inline constexpr std::size_t priority_count = 3;
std::string_view to_string(priority p) noexcept;

/// What a second job with the same unique value meets while the first has no final state.
enum class unique_policy : std::uint8_t {
  none,
  keep,   ///< gets the first one's id
  reject, ///< is refused
  replace ///< takes the first one's place when that is not running yet, else as keep
};

/// A job as it is handed to a store: validated, defaults filled in.
struct job_spec {
  job_id id;
  std::string type;
  std::string payload; ///< JSON text
  std::string queue = "default";
  std::string key;             ///< jobs of one queue and key run one at a time, in order; empty: no such wish
  std::string idempotency_key; ///< empty: none
  fingerprint body;            ///< of all fields but the idempotency key, to tell a repeat from a misuse
  fingerprint unique_value;    ///< meaningful unless `unique` is none
  unique_policy unique = unique_policy::none;
  jobs::priority priority = priority::medium;
  unix_ms run_at = 0; ///< not before; 0: at once
  std::uint32_t max_attempts = 1;
  std::uint32_t timeout_ms = 0; ///< of one attempt
  telemetry::trace_context trace;
};

/// Why an attempt or a job ended badly.
struct job_error {
  std::string kind; ///< a short stable word: "failed", "timeout", "rejected", "lost", "poison" …
  std::string message;
};

struct attempt_view {
  std::uint32_t attempt = 0;
  std::string node;
  unix_ms started_at = 0;
  unix_ms finished_at = 0; ///< 0: not yet
  std::string outcome;     ///< running, succeeded, failed, cancelled, snoozed, released or lost
  job_error error;
};

/// A reader's copy of one job.
struct job_view {
  job_id id;
  std::string type, queue, key, idempotency_key, payload;
  jobs::priority priority = priority::medium;
  job_status status = job_status::queued;
  std::uint32_t attempt = 0; ///< runs begun so far
  std::uint32_t max_attempts = 0;
  std::uint32_t timeout_ms = 0;
  bool cancel_requested = false;
  std::string progress;                                                ///< JSON text or empty
  std::string result;                                                  ///< JSON text or empty
  job_error error;                                                     ///< of the last attempt that failed
  std::string node;                                                    ///< that runs it or ran it last
  unix_ms created_at = 0, run_at = 0, started_at = 0, finished_at = 0; ///< 0: not (yet)
  std::string trace_id;
  std::vector<attempt_view> history; ///< the latest ones; filled by reads of a single job only
};

} // namespace tutti::runtime::jobs

template <>
struct std::hash<tutti::runtime::jobs::job_id> {
  std::size_t operator()(const tutti::runtime::jobs::job_id& id) const noexcept { return id.lo ^ id.hi; }
};

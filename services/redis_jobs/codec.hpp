#pragma once
#include "runtime/jobs/planned_schedule.hpp"
#include "runtime/jobs/store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How jobs and schedules stand in Redis. A job has two halves: a fixed one, written once at submission, and
/// a changing one that the scripts write, absent while the job is as it was submitted. The layouts are shared
/// with lua/common.lua.
namespace tutti::services::redis_jobs {

/// 16 bytes; they sort as ids do.
std::string id_bytes(runtime::jobs::job_id id);
/// Zero unless it is 16 bytes.
runtime::jobs::job_id id_of(std::string_view bytes);

/// The part of an id that names the hashes its job is in.
inline std::string_view bucket_of(std::string_view id) {
  return id.substr(0, 5);
}

/// What idempotency keys are kept by; 16 bytes whose first two have 14 bits, empty for an empty key.
std::string key_digest(std::string_view idempotency_key);
/// The part of a digest that names the hash it is in.
inline std::string_view key_bucket(std::string_view digest) {
  return digest.substr(0, 2);
}
/// What a unique job is kept by.
std::string unique_field(const runtime::jobs::job_spec& spec);
/// The fixed half without what the script puts before it (created at, ms and sequence of its entry).
std::string fixed_half(const runtime::jobs::job_spec& spec, std::string_view digest);
/// What only some jobs ask for; empty for the others.
std::string wishes_of(const runtime::jobs::job_spec& spec);

/// What can be told from the fixed half; views into it.
struct fixed_job {
  runtime::jobs::unix_ms created_at = 0;
  runtime::jobs::priority priority{};
  std::uint32_t max_attempts = 0, timeout_ms = 0;
  runtime::telemetry::trace_context trace;
  std::string_view queue, type, key, idempotency_key, payload;
};
std::optional<fixed_job> read_fixed(std::string_view fixed);

/// `changing` may be empty. Nothing when one of them is not what the scripts write.
std::optional<runtime::jobs::job_view> read_job(runtime::jobs::job_id id, std::string_view fixed,
                                                std::string_view changing, bool with_history);

runtime::telemetry::trace_context read_trace(std::string_view bytes);

std::string pack_schedule(const runtime::jobs::planned_schedule& schedule);
std::optional<runtime::jobs::planned_schedule> unpack_schedule(std::string_view bytes);

} // namespace tutti::services::redis_jobs

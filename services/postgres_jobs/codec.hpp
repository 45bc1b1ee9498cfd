#pragma once
#include "runtime/jobs/planned_schedule.hpp"
#include "runtime/jobs/store.hpp"
#include "services/postgres/statement/result.hpp"
#include "services/postgres/statement/statement.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Between the runtime's structs and the columns of the job tables.
namespace tutti::services::postgres_jobs {

/// 32 hexadecimal digits, which the type uuid takes.
std::string uuid_text(runtime::jobs::job_id id);
std::string uuid_text(runtime::jobs::fingerprint value);
/// Zero when it is no uuid.
runtime::jobs::job_id read_id(std::string_view uuid) noexcept;
runtime::jobs::fingerprint read_fingerprint(std::string_view uuid) noexcept;

/// The same text when the server can hold it; NUL and what is not UTF-8 become U+FFFD and the byte's hex
/// digits.
std::string clean(std::string_view text);

/// Columns of many jobs, as job_submit and job_submit_each take them.
class job_columns {
public:
  void add(const runtime::jobs::job_spec& spec);
  std::size_t size() const noexcept { return ids_.size(); }
  /// The first ones are those of job_submit; `all` appends the rest.
  void append_to(postgres::call& to, runtime::jobs::unix_ms ageing_ms, bool all) const;

private:
  std::vector<std::string> ids_, types_, payloads_, queues_, names_, bodies_, traces_, keys_, unique_values_;
  std::vector<std::int64_t> priorities_, run_at_, attempts_, timeouts_, uniques_;
};

/// A row of job_event, and the names of it that a job_change views.
struct job_event {
  runtime::jobs::job_id id;
  std::string type, queue, node, error_kind;
  runtime::jobs::job_status status = runtime::jobs::job_status::queued;
  std::uint32_t attempt = 0;
  std::optional<runtime::jobs::unix_ms> ran_ms;
  runtime::telemetry::trace_context trace;
  std::int64_t worker = 0;
  std::uint64_t token = 0;
};
/// From eleven columns, beginning with `first`.
job_event read_event(const postgres::row& from, int first = 0);

/// The columns that read_view expects.
extern const std::string_view view_columns;
runtime::jobs::job_view read_view(const postgres::row& from, int first = 0);
/// Appends what ended, by rows of job_attempt, and what the job's own row says.
void add_history(runtime::jobs::job_view& job, const postgres::result& attempts);

/// The columns that read_schedule expects: the version, then the schedule.
extern const std::string_view schedule_columns;
struct stored_schedule {
  std::int64_t version = 0;
  runtime::jobs::planned_schedule planned;
};
stored_schedule read_schedule(const postgres::row& from);

} // namespace tutti::services::postgres_jobs

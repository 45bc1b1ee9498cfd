#pragma once
#include "runtime/jobs/job.hpp"
#include "runtime/jobs/schedule/schedule.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>

/// The port that every job provider implements as a local actor. The busy messages (submit, claim, finish,
/// renew) are plain messages in batches that carry their own call numbers, because a CAF request arms a timer
/// for each call; the rest are CAF requests. A provider answers a request it cannot serve with
/// ec::unavailable.
///
/// At-least-once: a claim is a lease with a token = max(stored + 1, server time in µs), apart from the
/// attempt number and never reset. Whoever finishes, renews or reports progress names the token; a stale one
/// is refused.
namespace tutti::runtime::jobs {

enum class submitted : std::uint8_t {
  accepted,    ///< durable now
  duplicate,   ///< the idempotency key or the unique value gave this earlier job
  key_misused, ///< the idempotency key was used with another body
  not_unique,  ///< a job with this unique value has no final state yet, and the type rejects a second
  full,        ///< a bound of the store is reached: try again later
  no_queue,    ///< there are too many queues to bring another one into being
  unavailable, ///< the store cannot be reached: the outcome is unknown, repeat with the same key
};

struct submit_result {
  submitted outcome = submitted::unavailable;
  job_id id;
  job_status status = job_status::queued;
};

/// → jobs_submitted to the sender, results in the order of the jobs.
struct submit_jobs {
  std::uint64_t call = 0;
  std::vector<job_spec> jobs;
};
struct jobs_submitted {
  std::uint64_t call = 0;
  std::vector<submit_result> results;
};

/// From a worker, once: it will be sent jobs_claimed, never more than `credit` jobs at a time without an
/// outcome. Its end frees its claims; unless it ended in order (normal, user_shutdown) each of them counts
/// one death.
struct attach_worker {
  std::string node; ///< shown as the job's node
  std::uint32_t credit = 0;
};
/// From a worker that drains, as a message or a CAF request: no more jobs. Those that are already on their
/// way come back as `released`; the answer to a request comes behind them.
struct stop_claiming {};
/// From a worker that has stopped: it gets jobs again.
struct resume_claiming {};

struct claimed_job {
  job_id id;
  std::uint64_t token = 0;
  std::string type, payload, queue, key;
  std::uint32_t attempt = 0;        ///< this one, counted from 1
  std::uint32_t attempts_left = 0;  ///< after this one
  std::uint32_t attempts_spent = 0; ///< that count, this one included: without snoozes and lost claims
  std::uint32_t timeout_ms = 0;
  unix_ms created_at = 0;
  unix_ms lease_until = 0; ///< by the store's clock
  telemetry::trace_context trace;
};
/// To a worker.
struct jobs_claimed {
  std::vector<claimed_job> jobs;
};

struct attempt_outcome {
  enum class kind : std::uint8_t {
    succeeded,
    retry,    ///< failed, run again after retry_in_ms
    dead,     ///< failed for good
    snoozed,  ///< run again after retry_in_ms, without counting as an attempt
    released, ///< not begun or given up by a draining node: run again at once, without counting
    cancelled
  };
  job_id id;
  std::uint64_t token = 0;
  kind what = kind::succeeded;
  std::string result; ///< JSON text
  job_error error;
  std::int64_t retry_in_ms = 0;
};
/// From a worker, once for each attempt. The provider records them, trying again for as long as it must; then
/// their credit is the worker's again. An outcome whose token is stale changes nothing.
struct finish_attempts {
  std::vector<attempt_outcome> outcomes;
};

struct claim_ref {
  job_id id;
  std::uint64_t token = 0;
};
/// From a worker, for its long runs, several times a lease; answered only by claims_revoked where due.
struct renew_claims {
  std::vector<claim_ref> claims;
};
struct progress_report {
  claim_ref claim;
  std::string progress; ///< JSON text
};
struct report_progress {
  std::vector<progress_report> reports;
};
struct revocation {
  claim_ref claim;
  bool cancel =
      false; ///< asked to end by a user; else the claim is lost and the run must stop without effects
};
/// To a worker.
struct claims_revoked {
  std::vector<revocation> claims;
};

/// CAF request → job_view, or ec::not_found.
struct get_job {
  job_id id;
};

struct job_filter {
  std::optional<job_status> status;
  std::string type, queue, idempotency_key; ///< empty: any
  std::string error;                        ///< part of the error's kind or message; dead letters
};
/// CAF request → job_page. Ordered by id.
struct list_jobs {
  job_filter filter;
  job_id after; ///< zero: from the start
  std::uint32_t limit = 50;
};
struct job_page {
  std::vector<job_view> jobs;
  bool more = false; ///< continue after `last`; a rare filter may give a short page that has more
  job_id last;
};

/// CAF request → cancel_result, or ec::not_found.
struct cancel_job {
  job_id id;
};
enum class cancelled : std::uint8_t { done, requested, already, finished };
struct cancel_result {
  cancelled outcome = cancelled::done;
  job_view job;
};

/// CAF request → job_view, ec::not_found, or ec::conflict unless dead or cancelled, or when an equal unique
/// job has no final state yet.
struct retry_job {
  job_id id;
  bool dead_only = false;
};
/// CAF request → true, ec::not_found, or ec::conflict unless dead.
struct discard_job {
  job_id id;
};
/// CAF request → the number of dead letters put back (std::uint32_t). Leaves those that retry_job would
/// refuse.
struct retry_dead {
  job_filter filter;
  std::uint32_t max = 100;
};

struct queue_view {
  std::string name;
  bool paused = false;
  std::uint32_t concurrency = 0; ///< 0: no bound
  double rate = 0;               ///< jobs per second, 0: no bound
  std::uint64_t depth[priority_count][job_status_count] = {};
  unix_ms oldest_ready = 0;                       ///< since when the oldest runnable job waits; 0: none
  double submitted_per_s = 0, finished_per_s = 0; ///< over the last minute
};
/// CAF request → std::vector<queue_view>.
struct list_queues {};
/// CAF request → queue_view. Names a queue into being, so that one can be paused before its first job.
struct pause_queue {
  std::string name;
  bool pause = true;
};
/// CAF request → number of jobs cancelled (std::uint64_t): all that are scheduled, queued or retrying and
/// came before the request.
struct purge_queue {
  std::string name;
};

enum class catch_up : std::uint8_t { none, once, all };
struct schedule_spec {
  std::string name;
  job_spec job;                 ///< id and idempotency key are set at each firing
  std::int64_t interval_ms = 0; ///< or cron
  std::string cron;
  std::string time_zone = "UTC";
  catch_up missed = catch_up::none;
  std::int64_t jitter_ms = 0;
  bool paused = false;
};
struct schedule_view {
  schedule_spec spec;
  unix_ms created_at = 0, next_at = 0, last_at = 0; ///< 0: none; next_at of a paused one too
  job_id last_job;
  std::uint64_t fired = 0;
};
/// CAF request → schedule_view, or ec::rejected with words. Replaces one of the same name.
struct put_schedule {
  schedule_spec spec;
};
/// CAF request → true, or ec::not_found.
struct delete_schedule {
  std::string name;
};
/// CAF request → std::vector<schedule_view>, by name.
struct list_schedules {};

} // namespace tutti::runtime::jobs

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::submit_jobs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::jobs_submitted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::attach_worker)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::stop_claiming)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::resume_claiming)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::jobs_claimed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::finish_attempts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::renew_claims)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::report_progress)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::claims_revoked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::get_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::job_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::list_jobs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::job_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::cancel_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::cancel_result)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::retry_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::discard_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::retry_dead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::list_queues)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::queue_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<tutti::runtime::jobs::queue_view>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::pause_queue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::purge_queue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::put_schedule)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::schedule_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<tutti::runtime::jobs::schedule_view>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::delete_schedule)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::list_schedules)

#include "actors/http_gateway/jobs/job_json.hpp"

#include "protocols/http_api/rfc3339.hpp"

#include <algorithm>

namespace tutti::actors::http_gateway {
namespace {

using protocols::http_api::json_writer;
using namespace runtime::jobs;

void write_time(json_writer& out, std::string_view name, unix_ms at) {
  out.key(name);
  if (at == 0)
    out.null();
  else
    out.string(protocols::http_api::format_rfc3339(at));
}

void write_json(json_writer& out, std::string_view name, const std::string& text) {
  out.key(name);
  if (text.empty())
    out.null();
  else
    out.raw(text);
}

void write_text(json_writer& out, std::string_view name, const std::string& text) {
  out.key(name);
  if (text.empty())
    out.null();
  else
    out.string(text);
}

void write_error(json_writer& out, const job_error& error) {
  out.key("error");
  if (error.kind.empty() && error.message.empty())
    out.null();
  else
    out.begin_object().member("kind", error.kind).member("message", error.message).end_object();
}

void write_attempt(json_writer& out, const attempt_view& attempt) {
  out.begin_object().member("attempt", attempt.attempt).member("outcome", attempt.outcome);
  write_text(out, "node", attempt.node);
  write_time(out, "startedAt", attempt.started_at);
  write_time(out, "finishedAt", attempt.finished_at);
  write_error(out, attempt.error);
  out.end_object();
}

} // namespace

void write_job(json_writer& out, const job_view& job, bool with_history) {
  out.begin_object()
      .member("id", to_string(job.id))
      .member("type", job.type)
      .member("status", to_string(job.status))
      .member("queue", job.queue)
      .member("priority", to_string(job.priority));
  write_text(out, "key", job.key);
  write_text(out, "idempotencyKey", job.idempotency_key);
  out.member("attempt", job.attempt)
      .member("maxAttempts", job.max_attempts)
      .member("timeoutMs", job.timeout_ms);
  out.member("cancelRequested", job.cancel_requested);
  write_json(out, "payload", job.payload);
  write_json(out, "progress", job.progress);
  write_json(out, "result", job.result);
  write_error(out, job.error);
  write_text(out, "node", job.node);
  write_text(out, "traceId", job.trace_id);
  write_time(out, "createdAt", job.created_at);
  write_time(out, "runAt", job.run_at);
  write_time(out, "startedAt", job.started_at);
  write_time(out, "finishedAt", job.finished_at);
  if (with_history) {
    out.key("attempts").begin_array();
    for (auto& attempt : job.history)
      write_attempt(out, attempt);
    out.end_array();
  }
  out.end_object();
}

std::string job_body(const job_view& job) {
  std::string body;
  json_writer out{body};
  write_job(out, job, true);
  return body;
}

void write_queue(json_writer& out, const queue_view& queue, unix_ms now) {
  out.begin_object().member("name", queue.name).member("paused", queue.paused);
  out.key("concurrency");
  if (queue.concurrency == 0)
    out.null();
  else
    out.integer(queue.concurrency);
  out.key("ratePerSecond");
  if (queue.rate == 0)
    out.null();
  else
    out.number(queue.rate);
  std::uint64_t waiting = 0;
  out.key("depth").begin_object();
  for (std::size_t p = 0; p < priority_count; ++p) {
    out.key(to_string(static_cast<priority>(p))).begin_object();
    for (std::size_t s = 0; s < job_status_count; ++s) {
      auto status = static_cast<job_status>(s);
      out.member(to_string(status), queue.depth[p][s]);
      if (status == job_status::queued)
        waiting += queue.depth[p][s];
    }
    out.end_object();
  }
  out.end_object();
  auto age = queue.oldest_ready == 0 ? 0 : std::max<unix_ms>(0, now - queue.oldest_ready);
  out.member("oldestAgeSeconds", static_cast<double>(age) / 1000.0)
      .member("submittedPerSecond", queue.submitted_per_s)
      .member("finishedPerSecond", queue.finished_per_s);
  out.key("secondsToDrain"); // at the rates of the last minute
  auto net = queue.finished_per_s - queue.submitted_per_s;
  if (waiting == 0)
    out.integer(0);
  else if (net > 0)
    out.number(static_cast<double>(waiting) / net);
  else
    out.null();
  out.end_object();
}

void write_schedule(json_writer& out, const schedule_view& schedule) {
  auto& spec = schedule.spec;
  out.begin_object().member("name", spec.name).member("type", spec.job.type);
  write_json(out, "payload", spec.job.payload);
  out.member("queue", spec.job.queue).member("priority", to_string(spec.job.priority));
  write_text(out, "key", spec.job.key);
  out.member("maxAttempts", spec.job.max_attempts).member("timeoutMs", spec.job.timeout_ms);
  out.key("intervalMs");
  if (spec.interval_ms == 0)
    out.null();
  else
    out.integer(spec.interval_ms);
  write_text(out, "cron", spec.cron);
  out.member("timeZone", spec.time_zone);
  constexpr std::string_view rules[] = {"none", "once", "all"};
  out.member("catchUp", rules[static_cast<std::size_t>(spec.missed)])
      .member("jitterMs", spec.jitter_ms)
      .member("paused", spec.paused)
      .member("fired", schedule.fired);
  write_time(out, "createdAt", schedule.created_at);
  write_time(out, "nextRunAt", spec.paused ? 0 : schedule.next_at);
  write_time(out, "lastRunAt", schedule.last_at);
  write_text(out, "lastJobId", schedule.last_job ? to_string(schedule.last_job) : std::string{});
  out.end_object();
}

} // namespace tutti::actors::http_gateway

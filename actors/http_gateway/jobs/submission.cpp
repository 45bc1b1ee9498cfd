#include "actors/http_gateway/jobs/submission.hpp"

#include "actors/http_gateway/admission/answers.hpp"
#include "protocols/http_api/json_writer.hpp"

#include <utility>

namespace tutti::actors::http_gateway {
namespace {

namespace http_api = protocols::http_api;
using namespace runtime::jobs;
using runtime::telemetry::trace_context;

made_job finish_spec(const job_types& types, job_request&& wanted, unix_ms now,
                     std::string_view pointer_prefix) {
  auto made = types.make_spec(std::move(wanted), now);
  if (auto* refused = std::get_if<job_types::refusal>(&made))
    return http_api::unprocessable("the job is not acceptable: " + refused->pointer + " " + refused->detail,
                                   {{std::string{pointer_prefix} + refused->pointer, refused->detail}});
  return std::get<job_spec>(std::move(made));
}

} // namespace

made_job make_job(const job_types& types, http_api::submission&& wanted,
                  std::optional<std::string_view> traceparent, unix_ms now, std::string_view pointer_prefix) {
  job_request out;
  out.type = std::move(wanted.type);
  out.payload = std::move(wanted.payload);
  out.queue = std::move(wanted.queue);
  out.key = std::move(wanted.key).value_or("");
  out.idempotency_key = std::move(wanted.idempotency_key).value_or("");
  out.priority = static_cast<priority>(wanted.priority);
  out.delay_ms = wanted.delay_ms;
  out.run_at = wanted.run_at_ms.value_or(0);
  out.max_attempts = wanted.max_attempts;
  if (wanted.timeout_ms)
    out.timeout_ms = static_cast<std::uint32_t>(*wanted.timeout_ms);
  auto parent = traceparent ? trace_context::parse(*traceparent) : std::nullopt;
  out.trace = parent ? parent->child() : trace_context::new_root(false);
  return finish_spec(types, std::move(out), now, pointer_prefix);
}

made_job read_submission(const job_types& types, std::string_view body,
                         std::optional<std::string_view> idempotency_header,
                         std::optional<std::string_view> traceparent, unix_ms now) {
  auto parsed = http_api::parse_submission(body);
  if (auto* bad = std::get_if<http_api::problem>(&parsed))
    return std::move(*bad);
  auto& wanted = std::get<http_api::submission>(parsed);
  if (auto bad = http_api::apply_idempotency_header(wanted, idempotency_header))
    return std::move(*bad);
  return make_job(types, std::move(wanted), traceparent, now);
}

made_job scheduled_job(const job_types& types, const http_api::schedule_body& wanted, unix_ms now) {
  job_request out;
  out.type = wanted.type;
  out.payload = wanted.payload;
  out.queue = wanted.queue;
  out.key = wanted.key.value_or("");
  out.priority = static_cast<priority>(wanted.priority);
  out.max_attempts = wanted.max_attempts;
  if (wanted.timeout_ms)
    out.timeout_ms = static_cast<std::uint32_t>(*wanted.timeout_ms);
  return finish_spec(types, std::move(out), now, {});
}

std::optional<http_api::problem> submission_problem(const submit_result& result) {
  http_api::problem out;
  switch (result.outcome) {
  case submitted::accepted:
  case submitted::duplicate:
    return std::nullopt;
  case submitted::key_misused:
    return http_api::unprocessable("this idempotency key belongs to job " + to_string(result.id)
                                       + ", which was submitted with another body",
                                   {{"/idempotencyKey", "is in use for another body"}});
  case submitted::not_unique:
    out.status = 409;
    out.detail =
        "job " + to_string(result.id) + " with the same payload is not finished, and its type allows one";
    return out;
  case submitted::full:
    out.status = 503;
    out.detail = "the job store is full: try again later";
    return out;
  case submitted::no_queue:
    return http_api::unprocessable("there are too many queues to open another one",
                                   {{"/queue", "would be one queue too many"}});
  case submitted::unavailable:
    break;
  }
  out.status = 503;
  out.detail = "the job store cannot be reached; repeat with the same idempotency key";
  return out;
}

response submission_answer(const submit_result& result, std::string_view target) {
  if (auto bad = submission_problem(result))
    return answer(std::move(*bad), target);
  auto id = to_string(result.id);
  response out;
  out.status = 202;
  out.body.reserve(96);
  http_api::json_writer{out.body}
      .begin_object()
      .member("id", id)
      .member("status", to_string(result.status))
      .member("deduplicated", result.outcome == submitted::duplicate)
      .end_object();
  out.headers.reserve(48);
  out.headers.append("Location: /jobs/").append(id).append("\r\n");
  return out;
}

} // namespace tutti::actors::http_gateway

#pragma once
#include "actors/http_gateway/exchange/exchange.hpp"
#include "protocols/http_api/bodies/job_body.hpp"
#include "protocols/http_api/bodies/schedule_body.hpp"
#include "runtime/jobs/job_types.hpp"
#include "runtime/jobs/store.hpp"

#include <optional>
#include <string_view>
#include <variant>

/// From a body to a job, and from the store's word to an answer.
namespace tutti::actors::http_gateway {

using made_job = std::variant<runtime::jobs::job_spec, protocols::http_api::problem>;

/// POST /jobs: syntax, fields, the header's key, then the type's schema.
made_job read_submission(const runtime::jobs::job_types& types, std::string_view body,
                         std::optional<std::string_view> idempotency_header,
                         std::optional<std::string_view> traceparent, runtime::jobs::unix_ms now);

/// One job that was parsed already; `pointer_prefix` goes before the pointers of schema violations.
made_job make_job(const runtime::jobs::job_types& types, protocols::http_api::submission&& wanted,
                  std::optional<std::string_view> traceparent, runtime::jobs::unix_ms now,
                  std::string_view pointer_prefix = {});

/// The job that a schedule submits at each firing.
made_job scheduled_job(const runtime::jobs::job_types& types,
                       const protocols::http_api::schedule_body& wanted, runtime::jobs::unix_ms now);

/// 202, or the problem: a misused key 422, a value that is not unique 409, a full or silent store 503.
response submission_answer(const runtime::jobs::submit_result& result, std::string_view target);
std::optional<protocols::http_api::problem> submission_problem(const runtime::jobs::submit_result& result);

} // namespace tutti::actors::http_gateway

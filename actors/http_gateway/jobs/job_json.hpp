#pragma once
#include "protocols/http_api/json_writer.hpp"
#include "runtime/jobs/store.hpp"

#include <string>

/// Jobs, queues and schedules as the HTTP API shows them.
namespace tutti::actors::http_gateway {

void write_job(protocols::http_api::json_writer& out, const runtime::jobs::job_view& job, bool with_history);
void write_queue(protocols::http_api::json_writer& out, const runtime::jobs::queue_view& queue,
                 runtime::jobs::unix_ms now);
void write_schedule(protocols::http_api::json_writer& out, const runtime::jobs::schedule_view& schedule);

/// The whole body of a single one.
std::string job_body(const runtime::jobs::job_view& job);

} // namespace tutti::actors::http_gateway

#include "actors/diag/diag_jobs.hpp"

#include "runtime/jobs/job_actor.hpp"
#include "runtime/jobs/payload.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace tutti::actors::diag {
namespace {

using namespace runtime::jobs;
using step = caf::atom_constant<caf::atom("step")>;

constexpr std::int64_t sleep_step_ms = 500; ///< between two progress reports

/// Sleeps on in steps; each one reports how far it is.
void sleep_on(job_actor* self, std::int64_t done, std::int64_t total) {
  if (done >= total) {
    self->succeed("{\"slept\":" + std::to_string(total) + "}");
    return;
  }
  if (done > 0)
    self->progress("{\"percent\":" + std::to_string(done * 100 / total) + "}");
  auto next = std::min(sleep_step_ms, total - done);
  self->delayed_send(self, std::chrono::milliseconds{next}, step::value, done + next);
}

} // namespace

job_type echo_job() {
  job_type type;
  type.name = "diag.echo";
  type.summary = "Answers its payload";
  type.schema = "{}";
  type.run = [](job_actor* self) -> caf::behavior {
    self->succeed(std::string{self->payload()});
    return {};
  };
  return type;
}

job_type sleep_job() {
  job_type type;
  type.name = "diag.sleep";
  type.summary = "Takes so many milliseconds, with progress";
  type.schema = R"({"type": "object", "required": ["ms"], "additionalProperties": false,
    "properties": {"ms": {"type": "integer", "minimum": 0, "maximum": 86400000}}})";
  type.timeout = std::chrono::hours{25};
  type.run = [](job_actor* self) -> caf::behavior {
    auto total = payload_reader{self->payload()}.integer("ms").value();
    sleep_on(self, 0, total);
    return {[=](step, std::int64_t done) { sleep_on(self, done, total); }};
  };
  return type;
}

job_type fail_job() {
  job_type type;
  type.name = "diag.fail";
  type.summary = "Fails so many attempts, then succeeds";
  type.schema = R"({"type": "object", "required": ["times"], "additionalProperties": false,
    "properties": {"times": {"type": "integer", "minimum": 0, "maximum": 1000}}})";
  type.retry = {std::chrono::milliseconds{200}, std::chrono::milliseconds{5000}};
  type.run = [](job_actor* self) -> caf::behavior {
    auto times = payload_reader{self->payload()}.integer("times").value();
    auto attempt = static_cast<std::int64_t>(self->job().attempt);
    if (attempt <= times)
      self->fail(
          {"failed", "attempt " + std::to_string(attempt) + " of " + std::to_string(times) + " that fail"});
    else
      self->succeed("{\"failed\":" + std::to_string(times) + "}");
    return {};
  };
  return type;
}

job_type crash_job() {
  job_type type;
  type.name = "diag.crash";
  type.summary = "Throws in its handler";
  type.schema = R"({"type": "object", "additionalProperties": false, "properties": {}})";
  type.retry = {std::chrono::milliseconds{200}, std::chrono::milliseconds{5000}};
  type.run = [](job_actor*) -> caf::behavior { throw std::runtime_error("diag.crash was asked to throw"); };
  return type;
}

} // namespace tutti::actors::diag

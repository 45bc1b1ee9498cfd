#include "runtime/jobs/refusals.hpp"

#include "runtime/error.hpp"

namespace tutti::runtime::jobs {
namespace {

caf::error refusal(change what, job_id id, const char* conflict) {
  switch (what) {
  case change::not_found:
    return no_job(id);
  case change::conflict:
    return make_error(ec::conflict, conflict);
  case change::not_unique:
    return make_error(ec::conflict, "an equal unique job has no final state yet");
  default:
    return {};
  }
}

} // namespace

caf::error no_job(job_id id) {
  return make_error(ec::not_found, "no job " + to_string(id));
}

caf::error retry_refusal(change what, job_id id, bool dead_only) {
  return refusal(what, id,
                 dead_only ? "only a dead letter can be retried here"
                           : "only a dead or cancelled job can be retried");
}

caf::error discard_refusal(change what, job_id id) {
  return refusal(what, id, "only a dead letter can be discarded");
}

caf::error too_many_queues() {
  return make_error(ec::rejected, "there are too many queues already");
}

} // namespace tutti::runtime::jobs

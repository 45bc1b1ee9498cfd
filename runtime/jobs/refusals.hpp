#pragma once
#include "runtime/jobs/job.hpp"

#include <cstdint>

#include <caf/error.hpp>

/// Why a provider refuses an operator's order, in the same words for all providers.
namespace tutti::runtime::jobs {

/// What became of a retry_job or discard_job. The numbers are those that stores answer with.
enum class change : std::int64_t { done, not_found, conflict, not_unique };

caf::error no_job(job_id id);
/// None for `done`.
caf::error retry_refusal(change what, job_id id, bool dead_only);
caf::error discard_refusal(change what, job_id id);
caf::error too_many_queues();

} // namespace tutti::runtime::jobs

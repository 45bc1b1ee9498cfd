#pragma once
#include "actors/http_gateway/exchange/exchange.hpp"
#include "runtime/actor/metered.hpp"
#include "runtime/jobs/job_types.hpp"

#include <memory>

#include <caf/actor.hpp>

namespace tutti::actors::http_gateway {

/// Answers one POST /jobs/batch and ends: parses it, submits the good lines in portions, and reports each
/// line in order, {id, status, deduplicated} or its problem, in the format that the batch came in.
void spawn_batch_submitter(runtime::actor::metered& gateway, request&& r, caf::actor store,
                           std::shared_ptr<const runtime::jobs::job_types> types);

} // namespace tutti::actors::http_gateway

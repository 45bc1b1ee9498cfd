#pragma once
#include "actors/http_gateway/api.hpp"
#include "runtime/actor/metered.hpp"
#include "runtime/jobs/job_types.hpp"
#include "runtime/telemetry/events.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::actors::http_gateway {

/// What the gateway works with; all but `store` outlive it.
struct gateway_parts {
  caf::actor store; ///< the job port, runtime/jobs/store.hpp
  std::shared_ptr<const runtime::jobs::job_types> types;
  std::shared_ptr<health_board> health;
  runtime::telemetry::metrics* metrics = nullptr;
  runtime::telemetry::event_bus* events = nullptr;
};

/// Answers the admitted requests of an HTTP server. Registers itself with `api`, which bounds how many wait
/// in its mailbox; what does not fit is answered 503.
caf::actor spawn_gateway(caf::event_based_actor& parent, runtime::actor::placement at,
                         std::shared_ptr<api> requests, gateway_parts parts);

} // namespace tutti::actors::http_gateway

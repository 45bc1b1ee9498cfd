#pragma once
#include "actors/http_gateway/admission/health.hpp"
#include "runtime/actor/metered.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <map>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::actors::http_gateway {

/// Keeps the health board true: beats for the scheduler, asks the job store once a second, and turns its
/// queues into gauges (tutti_queue_depth, tutti_dead_letters); `probes` become checks of their names.
/// `metrics` must outlive it.
caf::actor spawn_node_monitor(caf::event_based_actor& parent, runtime::actor::placement at,
                              std::shared_ptr<health_board> health, runtime::telemetry::metrics& metrics,
                              caf::actor store, std::map<std::string, health_probe> probes = {});

} // namespace tutti::actors::http_gateway

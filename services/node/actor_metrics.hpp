#pragma once
#include "runtime/actor/actor_table.hpp"
#include "runtime/telemetry/metrics.hpp"

namespace tutti::services::node {

/// tutti_actors, tutti_actor_… from the table, and the process's own memory and CPU time, at each scrape.
/// Both must outlive the registration.
runtime::telemetry::metrics::registration add_actor_metrics(runtime::telemetry::metrics& metrics,
                                                            const runtime::actor::actor_table& table);

} // namespace tutti::services::node

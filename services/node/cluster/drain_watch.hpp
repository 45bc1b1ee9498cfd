#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/leases/lease.hpp"

#include <chrono>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::services::node {

/// While this node is leaving its job runner claims nothing: attempts that have not ended after `patience`
/// are handed back. When it is up again the runner goes on. Start it again whenever the runner is.
caf::actor spawn_drain_watch(caf::event_based_actor& parent, runtime::actor::placement at,
                             caf::actor membership, caf::actor runner, runtime::cluster::lease_holder self,
                             std::chrono::milliseconds patience);

} // namespace tutti::services::node

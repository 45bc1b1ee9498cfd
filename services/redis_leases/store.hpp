#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/leases/store.hpp"
#include "services/redis/client.hpp"

#include <caf/actor.hpp>

namespace tutti::services::redis_leases {

/// The provider `redis` of the lease port. Redis 7.0 or later, one server: no failover. `client` should serve
/// nothing else, connect in less than the call timeout, and outlive the actor.
caf::actor spawn_redis_lease_store(caf::event_based_actor& parent, runtime::actor::placement at,
                                   redis::client& client, runtime::cluster::lease_store_options options);

} // namespace tutti::services::redis_leases

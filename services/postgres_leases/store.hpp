#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/leases/store.hpp"
#include "services/postgres/pool.hpp"

#include <caf/actor.hpp>

namespace tutti::services::postgres_leases {

/// What the pool of a lease store is made with: one connection, and no wait longer than a call may take, but
/// for a second to connect, which TLS and a login need even when leases are short.
postgres::pool_options pool_options(std::string url, runtime::cluster::lease_store_options options);

/// The provider `postgres` of the lease port, for a migrated database. A grant of a partition also looks at
/// its fence there. `pool` serves nothing else and outlives the actor.
caf::actor spawn_postgres_lease_store(caf::event_based_actor& parent, runtime::actor::placement at,
                                      postgres::pool& pool, runtime::cluster::lease_store_options options);

} // namespace tutti::services::postgres_leases

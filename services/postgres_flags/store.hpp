#pragma once
#include "runtime/actor/metered.hpp"
#include "services/postgres/pool.hpp"

#include <chrono>

#include <caf/actor.hpp>

namespace tutti::services::postgres_flags {

/// The provider `postgres` of the flag port (runtime/store/flag_store.hpp), for a migrated database. Each
/// change writes a line of the audit log in the same transaction. `deadline`: from a message's arrival to its
/// answer. `pool` outlives the actor.
caf::actor spawn_postgres_flag_store(caf::event_based_actor& parent, runtime::actor::placement at,
                                     postgres::pool& pool,
                                     std::chrono::milliseconds deadline = std::chrono::milliseconds{4'000});

} // namespace tutti::services::postgres_flags

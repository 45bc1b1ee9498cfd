#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/store/entity_store.hpp"
#include "services/postgres/pool.hpp"

#include <chrono>
#include <cstddef>

#include <caf/actor.hpp>

namespace tutti::services::postgres_entities {

struct entity_store_options {
  std::chrono::milliseconds deadline{5'000}; ///< from a message's arrival to its answer
  std::size_t queue = 10'000;                ///< saves that may wait, and loads
};

/// The provider `postgres` of the entity port (runtime/store/entity_store.hpp), for a migrated database.
/// Saves that arrive while others are under way go together in one transaction; loads likewise in one query.
/// `pool` outlives the actor.
caf::actor spawn_postgres_entity_store(caf::event_based_actor& parent, runtime::actor::placement at,
                                       postgres::pool& pool, entity_store_options options = {});

} // namespace tutti::services::postgres_entities

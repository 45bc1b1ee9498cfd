#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/store/memory/book.hpp"

#include <memory>

#include <caf/actor.hpp>

namespace tutti::runtime::store {

/// The provider `memory` of the entity port (entity_store.hpp): for one node, gone with the process. `kept`
/// lives outside the actor, so that states survive its restart.
caf::actor spawn_memory_entity_store(caf::event_based_actor& parent, actor::placement at,
                                     std::shared_ptr<memory::entity_book> kept);

} // namespace tutti::runtime::store

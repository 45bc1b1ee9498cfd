#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/store/memory/flag_book.hpp"

#include <memory>

#include <caf/actor.hpp>

namespace tutti::runtime::store {

/// The provider `memory` of the flag port (flag_store.hpp): for one node, gone with the process. `kept` lives
/// outside the actor, so that flags survive its restart.
caf::actor spawn_memory_flag_store(caf::event_based_actor& parent, actor::placement at,
                                   std::shared_ptr<memory::flag_book> kept);

} // namespace tutti::runtime::store

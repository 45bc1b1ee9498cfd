#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/leases/memory/book.hpp"

#include <chrono>
#include <functional>
#include <memory>

#include <caf/actor.hpp>

namespace tutti::runtime::cluster {

/// The provider `memory` of the lease port (store.hpp): for one node, gone with the process. `kept` lives
/// outside the actor, so that leases survive its restart. `now`: Unix time.
caf::actor spawn_memory_lease_store(caf::event_based_actor& parent, actor::placement at,
                                    std::shared_ptr<memory::lease_book> kept,
                                    std::function<std::chrono::microseconds()> now);

} // namespace tutti::runtime::cluster

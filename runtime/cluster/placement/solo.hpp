#pragma once
#include "runtime/actor/metered.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::runtime::cluster {

/// In place of coordinator and ownership (ownership.hpp) on a node that is alone: raises all fences in
/// `fences`, trying until it succeeds, and has `host` open every partition of the roles for good.
/// `first_epoch`: the present time in µs, so that it is greater than what an earlier process had.
caf::actor spawn_solo_owner(caf::event_based_actor& parent, actor::placement at, caf::actor host,
                            caf::actor fences, std::vector<std::string> roles, std::uint32_t partitions,
                            std::uint64_t first_epoch);

} // namespace tutti::runtime::cluster

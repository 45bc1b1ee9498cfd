#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/leases/held_lease.hpp"
#include "runtime/cluster/leases/store.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

/// Gets, renews and gives back all leases of one process, for the actors that want them. Messages only tell
/// of changes; whether a lease is held, the held_lease itself says.
namespace tutti::runtime::cluster {

/// From an owner, as a plain message: try to get it and keep it, until drop_lease or the owner's end; lost
/// ones are tried for again. At the owner's end it is released, but a partition's, which runs out instead:
/// its entities may outlive the owner. Again from the same owner: a new value, sent at once. From another
/// one: it takes the place of the first, which loses the lease; the grant will be a new one. What breaks a
/// bound of lease.hpp is logged as an error and goes no further.
struct keep_lease {
  std::string name;
  std::string value;
  std::uint64_t seen = 0; ///< see lease_claim
};
/// CAF request → lease_dropped when others can have it, or an error: then they can within a TTL. In both
/// cases nobody holds it here any more when the answer comes, nor is it tried for. From its owner; others'
/// are ignored. When the owner cannot be sure that it has stopped acting: `run_out`, then the lease is not
/// released but no longer renewed, and holds until it ends by itself; the answer comes then. To keep or drop
/// it again meanwhile answers ec::cancelled.
struct drop_lease {
  std::string name;
  bool run_out = false;
};
struct lease_dropped {};

/// To the owner.
struct lease_gained {
  std::shared_ptr<const held_lease> lease;
};
/// To the owner, once for each lease_gained that does not end by drop_lease. May come late.
struct lease_lost {
  std::string name;
  std::uint64_t epoch = 0;
};

struct keeper_options {
  lease_holder holder;
  lease_store_options store;
  std::shared_ptr<const lease_clock> clock = lease_clock::boot();
};

/// `store` and its connection should be the keeper's alone. `metrics` (tutti_lease_renewals_total) must
/// outlive it. When the keeper ends, no lease is held any more: at once here, within a TTL for others.
caf::actor spawn_lease_keeper(caf::event_based_actor& parent, actor::placement at, caf::actor store,
                              keeper_options options, telemetry::metrics& metrics);

} // namespace tutti::runtime::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::keep_lease)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::drop_lease)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::lease_dropped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::lease_gained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::lease_lost)

#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/leases/held_lease.hpp"
#include "runtime/cluster/leases/store.hpp"
#include "runtime/cluster/leases/table.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <cstdint>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

/// What the ownership actor of a node tells its host: the actor that runs the entities (runtime/entity).
namespace tutti::runtime::cluster {

/// Plain message. The table that is in force: who is to own what. A partition that it does not name has no
/// owner. Never an older one than before, see is_older (placement.hpp).
struct table_changed {
  std::shared_ptr<const partition_table> table;
};

/// Plain message. This node owns the partition by this lease from now on, and its fence stands: activate.
/// The lease itself says for how long, see held_lease.
struct partition_opened {
  std::string role;
  std::uint32_t partition = 0;
  std::shared_ptr<const held_lease> lease;
};
/// CAF request → partition_closed when the last entity has ended and its last write with it. Messages that
/// come meanwhile wait for the next owner. After 2 TTL without that answer the lease is no longer renewed,
/// and partition_lost follows when it has ended.
struct close_partition {
  std::string role;
  std::uint32_t partition = 0;
};
struct partition_closed {};
/// Plain message. The lease is lost: end its entities at once, save nothing.
struct partition_lost {
  std::string role;
  std::uint32_t partition = 0;
  std::uint64_t epoch = 0;
};

/// To the ownership actor, as a plain message: the table has changed or a lease was given back, so read the
/// one and try for the other. The coordinator and the ownership actor send it to their `announce`, which is
/// to pass it on to all nodes. What gets lost is seen within a TTL/10.
struct look_at_table {};

struct ownership_ports {
  caf::actor table;  ///< a lease store; not the keeper's connection
  caf::actor keeper; ///< see leases/keeper.hpp
  caf::actor fences; ///< an entity store, see store/entity_store.hpp
  caf::actor host;
  caf::actor announce; ///< gets look_at_table after leases were given back to others; may be null
};
struct ownership_options {
  lease_holder self;
  lease_store_options leases;
};

/// Keeps the leases of the partitions that the table gives to this incarnation; raises the fence of each that
/// is gained before the host opens it; has the host close what the table gives to others, and only then gives
/// the lease back. Leases that are lost are tried for again as long as the table names this node.
///
/// Metrics, which must outlive it: tutti_partitions_owned, tutti_partition_handoff_seconds,
/// tutti_lease_seconds_left. Ends when one of its ports ends; then no lease is held any more.
caf::actor spawn_ownership(caf::event_based_actor& parent, actor::placement at, ownership_ports ports,
                           ownership_options options, telemetry::metrics& metrics);

} // namespace tutti::runtime::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::table_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::partition_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::close_partition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::partition_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::partition_lost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::look_at_table)

#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/leases/store.hpp"
#include "runtime/cluster/placement/placement.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

/// Decides who is to own which partition. Every node has one such actor; the one that holds the lease
/// "coordinator" writes the table. Nothing depends on its being right: owners act by their leases.
namespace tutti::runtime::cluster {

struct cluster_event {
  std::chrono::system_clock::time_point time;
  std::string what; ///< for people
};
inline constexpr std::size_t max_cluster_events = 200;

/// CAF request → cluster_view.
struct get_cluster_view {};
struct cluster_view {
  std::string coordinator; ///< its node; empty: nobody holds the lease now
  std::uint64_t epoch = 0; ///< of the coordinator that wrote the table
  std::uint64_t table_version = 0;
  std::map<std::string, std::size_t> partitions; ///< by node, as the table has it
  std::vector<cluster_event> events; ///< oldest first, at most max_cluster_events; only this node's own
  std::string store_error;           ///< not empty: the rest is what was known last
};

/// CAF request → drain_plan: what would move if the node left now. Changes nothing. Errors: not_found (no
/// such member), conflict (it may own nothing as it is), unavailable (no table has been read yet).
struct plan_drain {
  std::string node;
};
struct drain_plan {
  std::vector<drain_share> shares; ///< by role and target
};

struct coordinator_ports {
  caf::actor store;      ///< of leases; not the keeper's connection
  caf::actor keeper;     ///< see leases/keeper.hpp
  caf::actor membership; ///< see membership/membership.hpp
  caf::actor announce;   ///< gets look_at_table after each write, for all nodes; may be null
};
struct coordinator_options {
  lease_holder self;
  std::uint32_t partitions = 256; ///< of each role
  std::set<std::string> roles;    ///< that are placed: those of the entity types
  lease_store_options leases;
};

/// While it holds the lease it places partitions on the members that are up or leaving (placement.hpp), a
/// bounded number of moves between living ones at a time. Who is gone loses its partitions at once; whoever
/// membership does not know yet is looked up in the lease store first. See member_watch.hpp for members that
/// cannot be reached.
///
/// A coordinator that itself reaches fewer than half of the members for 2 TTL gives the lease up, and asks
/// for it again when it reaches them or 4 TTL later: somebody must do the work if no node reaches the others.
///
/// When the store could not be read for about a TTL, nothing is moved for a further TTL: all leases have
/// ended then, and the former owners come first.
///
/// Ends when the store, the keeper or membership ends.
caf::actor spawn_coordinator(caf::event_based_actor& parent, actor::placement at, coordinator_ports ports,
                             coordinator_options options);

} // namespace tutti::runtime::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::get_cluster_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::cluster_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::plan_drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::drain_plan)

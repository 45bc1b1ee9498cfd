#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/leases/held_lease.hpp"
#include "runtime/cluster/membership/member.hpp"
#include "runtime/config/settings.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>

/// Who is in the cluster, and the direct connections between its nodes.
namespace tutti::runtime::cluster {

/// From a subscriber, as a plain message. It gets members_changed at once, a peer_up for each connected peer,
/// and then what changes. Ends with the subscriber.
struct subscribe_members {};

/// All members known, this node included, by name; of one name the latest incarnation only. Those down for
/// more than an hour are left out.
struct members_changed {
  std::vector<member> members;
};

/// A direct connection to a peer stands, after both have said hello.
struct peer_up {
  member_info peer;
  caf::actor router; ///< of that node; see membership_options::router
};
/// It has broken, or the peer no longer answers pings. Comes before a peer_up of the same name with another
/// incarnation or router.
struct peer_down {
  std::string name;
  std::uint64_t incarnation = 0;
  caf::error reason;
};

/// CAF requests, answered at once: this node drains, or takes part again. Others see it by its lease.
struct set_leaving {};
struct set_up {};
/// CAF request: the life of a node that is down is over for good. It disappears from all nodes' views, within
/// half a TTL; should its process still run, it ends with ec::rejected. The name may come again with another
/// incarnation. Errors: not_found, conflict (it is not down), unavailable, timeout.
struct declare_down {
  std::string name;
};

struct membership_options {
  member_info self; ///< port 0: any free one, see members_changed
  std::string cluster;
  std::vector<config::endpoint>
      addresses;     ///< seeds and configured nodes; its own and twice named ones do no harm
  caf::actor router; ///< what peers get in peer_up
  caf::actor leases; ///< the store; best on another connection than the keeper's
  caf::actor keeper;
  std::chrono::milliseconds lease_ttl{5'000};
  config::tls_settings tls; ///< files that have been checked (tls/certificates.hpp)
};

/// One for each node; the actor system needs configure_remoting (links/remoting.hpp). Listens on the node's
/// address only, dials all others, keeps the lease `member/NAME`, and forms its view of the members from the
/// leases and its connections.
///
/// It ends with ec::rejected and words when it cannot listen or its certificates are no good, or when another
/// live node has its name (told after two TTLs: the lease of an earlier life runs out by then), or when it was
/// declared dead; with
/// ec::unavailable when the store or the keeper has ended.
caf::actor spawn_membership(caf::event_based_actor& parent, actor::placement at, membership_options options);

} // namespace tutti::runtime::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::subscribe_members)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::members_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::peer_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::peer_down)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::set_leaving)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::set_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::declare_down)

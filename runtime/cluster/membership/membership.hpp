#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/leases/held_lease.hpp"
#include "runtime/cluster/membership/member.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>

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

} // namespace tutti::runtime::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::subscribe_members)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::members_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::peer_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::peer_down)

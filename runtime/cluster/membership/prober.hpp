#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/membership/dial_list.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

namespace tutti::runtime::cluster {

/// Plain message: finds out who can be connected to. The sender gets an address_probed for each, all within
/// the time that a name server takes and `prober_patience`.
struct probe_addresses {
  std::vector<node_address> to;
};
struct address_probed {
  node_address to;
  std::string ip;  ///< where a connection was made; empty: nowhere
  std::string why; ///< it was not
};

inline constexpr std::chrono::milliseconds prober_patience{1'000};

/// An actor with a thread of its own, linked to its parent. CAF connects with the kernel's timeout, minutes
/// for a host that has lost its power, and one after the other: without this, such a host keeps a node from
/// all others.
caf::actor spawn_prober(caf::event_based_actor& parent, actor::placement at);

/// Why nobody can listen there just now, in the words of the system; empty: one can.
std::string why_not_listening(const node_address& at);

} // namespace tutti::runtime::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::probe_addresses)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::address_probed)

#pragma once
#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::runtime::cluster {

/// Makes an actor system able to talk to other nodes; before it is made. A link that is silent for 5 s is
/// closed. Ignores SIGPIPE in the whole process: a write to a link that has just broken is an error.
///
/// No message types are announced: what crosses nodes is made of atoms, integers, byte strings and actor
/// handles, which CAF knows.
void configure_remoting(caf::actor_system_config& config);

/// CAF's broker of connections to other systems, which takes ready ones.
caf::actor link_broker(caf::actor_system& system);

} // namespace tutti::runtime::cluster

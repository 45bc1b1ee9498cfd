#pragma once
#include "runtime/config/settings.hpp"

#include <caf/fwd.hpp>

namespace tutti::runtime::cluster {

/// Makes an actor system able to talk to other nodes, over mutual TLS unless that is off; before it is made,
/// and with files that have been checked (tls/certificates.hpp): CAF ends the process over a bad one.
///
/// A link that is silent for 5 s is closed. No message types are announced: what crosses nodes is made of
/// atoms, integers, byte strings and actor handles, which CAF knows.
void configure_remoting(caf::actor_system_config& config, const config::tls_settings& tls);

} // namespace tutti::runtime::cluster

#include "runtime/cluster/links/remoting.hpp"

#include <chrono>
#include <csignal>

#include <caf/actor_system_config.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/timespan.hpp>

namespace tutti::runtime::cluster {

void configure_remoting(caf::actor_system_config& config) {
  config.load<caf::io::middleman>();
  // A connection whose handshake takes longer than until the next beat fails, so not less than a second.
  config.set("middleman.heartbeat-interval", caf::timespan{std::chrono::seconds{1}});
  config.set("middleman.connection-timeout", caf::timespan{std::chrono::seconds{5}});
  std::signal(SIGPIPE, SIG_IGN);
}

caf::actor link_broker(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
}

} // namespace tutti::runtime::cluster

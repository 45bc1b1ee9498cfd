#include "runtime/cluster/membership/remoting.hpp"

#include <chrono>

#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/timespan.hpp>

namespace tutti::runtime::cluster {

void configure_remoting(caf::actor_system_config& config, const config::tls_settings& tls) {
  config.load<caf::io::middleman>();
  // A connection whose handshake takes longer than until the next beat fails, so not less than a second.
  config.set("middleman.heartbeat-interval", caf::timespan{std::chrono::seconds{1}});
  config.set("middleman.connection-timeout", caf::timespan{std::chrono::seconds{5}});
  if (tls.mode == config::tls_mode::off)
    return;
  config.load<caf::openssl::manager>();
  config.openssl_certificate = tls.certificate;
  config.openssl_key = tls.key;
  config.openssl_cafile = tls.ca;
}

} // namespace tutti::runtime::cluster

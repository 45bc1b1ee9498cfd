#pragma once
#include "services/sim/base/event_log.hpp"
#include "services/sim/base/event_loop.hpp"
#include "services/sim/base/random.hpp"
#include "services/sim/base/service.hpp"
#include "services/sim/discord/options.hpp"

#include <memory>

namespace tutti::services::sim::discord {

class discord_service : public service {
public:
  /// Where it listens, as clients write it.
  virtual std::string url() const = 0;
};

/// Throws boost::system::system_error where it cannot listen.
std::unique_ptr<discord_service> make_discord_service(event_loop& loop, event_log& log, random_source& random,
                                                      discord_options options);

} // namespace tutti::services::sim::discord

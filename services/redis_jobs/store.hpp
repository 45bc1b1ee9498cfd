#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/jobs/observer.hpp"
#include "runtime/jobs/store_options.hpp"
#include "services/redis/client.hpp"

#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::services::redis_jobs {

/// The Redis that jobs live in, by two connections: one for everything, one that waits for word from other
/// nodes. They end before the actor system.
struct connections {
  redis::client& commands;
  redis::client& mailbox;
};

/// The job port (runtime/jobs/store.hpp) on Redis 7.0 or later: jobs wait in a stream for each queue and
/// priority, scripts do every change as a whole. Any number of nodes share them. docs/operator/redis.md has
/// the keys and what is lost in which setting.
///
/// While the server cannot be reached, submissions are answered `unavailable`, requests ec::unavailable, and
/// outcomes wait here until it is back.
caf::actor spawn_redis_store(caf::event_based_actor& parent, runtime::actor::placement at, connections to,
                             runtime::jobs::store_options options,
                             std::shared_ptr<runtime::jobs::job_observer> observer);

} // namespace tutti::services::redis_jobs

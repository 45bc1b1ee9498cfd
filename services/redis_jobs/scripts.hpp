#pragma once
#include "services/redis/protocol/script.hpp"

namespace tutti::services::redis_jobs {

/// The scripts of lua/, each with what they share before it. What gives room or ends work may also run when
/// the server is out of memory.
struct scripts {
  redis::script cancel, claim, discard, finish, fire, lose, progress, purge, queues, renew, restart, setup,
      submit, tick;
};

const scripts& all_scripts();

} // namespace tutti::services::redis_jobs

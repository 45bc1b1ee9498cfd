#pragma once
#include "runtime/jobs/job.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace tutti::runtime::jobs {

/// Limits of one queue, from the config.
struct queue_limits {
  std::uint32_t concurrency = 0; ///< jobs at once; 0: no bound
  double rate = 0;               ///< starts per second; 0: no bound
  double burst = 1;              ///< starts that may come at once after a pause, at least 1
};

/// Settings that every provider shares.
struct store_options {
  unix_ms claim_ttl_ms = 30000;
  unix_ms ageing_ms = 30000; ///< a job of the next lower priority counts as if it had come this much later
  unix_ms retention_ms = 86400000;     ///< of results, after the final state
  unix_ms key_retention_ms = 86400000; ///< of idempotency keys, after the final state; at least retention_ms
  std::size_t max_jobs = 2000000;      ///< jobs without a final state, and dead letters; more are refused
  std::size_t max_finished =
      500000; ///< memory: succeeded and cancelled jobs kept; beyond it the oldest go early
  std::size_t max_keys = 1000000;  ///< memory: idempotency keys kept for jobs that are gone
  std::uint32_t worker_deaths = 3; ///< a job that outlives so many workers is poison
  std::size_t max_queues = 256;    ///< names that submissions may bring into being
  std::map<std::string, queue_limits> queues;
};

} // namespace tutti::runtime::jobs

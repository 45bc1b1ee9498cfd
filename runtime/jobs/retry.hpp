#pragma once
#include <chrono>
#include <cstdint>

namespace tutti::runtime::jobs {

/// How long a failed attempt waits for the next one: a random time up to base × 2^(attempt − 1), at most
/// `max`
/// ("full jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), and never
/// under a tenth of that bound, so that a retry is never at once.
struct retry_policy {
  std::chrono::milliseconds base{1000};
  std::chrono::milliseconds max{600000};
};

/// `attempt` is the one that failed, counted from 1.
std::chrono::milliseconds retry_delay(const retry_policy& policy, std::uint32_t attempt);

} // namespace tutti::runtime::jobs

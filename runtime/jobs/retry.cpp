#include "runtime/jobs/retry.hpp"

#include "runtime/telemetry/trace.hpp"

#include <algorithm>

namespace tutti::runtime::jobs {

std::chrono::milliseconds retry_delay(const retry_policy& policy, std::uint32_t attempt) {
  auto doublings = std::min<std::uint32_t>(attempt > 0 ? attempt - 1 : 0, 30);
  auto base = policy.base.count();
  auto bound = base > policy.max.count() >> doublings ? policy.max.count() : base << doublings;
  auto floor = bound / 10;
  auto span = static_cast<std::uint64_t>(bound - floor + 1);
  return std::chrono::milliseconds{floor + static_cast<std::int64_t>(telemetry::random_bits() % span)};
}

} // namespace tutti::runtime::jobs

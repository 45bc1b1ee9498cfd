#pragma once
#include <chrono>
#include <cstdint>

/// What time it is by this machine's clock, which somebody may set: not for deadlines and leases.
namespace tutti::runtime {

using unix_ms = std::int64_t; ///< since 1970, UTC

inline std::chrono::microseconds wall_time() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}
inline unix_ms wall_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(wall_time()).count();
}

} // namespace tutti::runtime

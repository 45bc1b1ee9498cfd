#pragma once
#include "services/sim/discord/gateway/voice.hpp"

#include <cstdint>
#include <string>

namespace tutti::services::sim::discord {

/// Many events at a steady rate, for load tests and benchmarks.
class traffic {
public:
  traffic(core& all, gateway& over, voice& spoken) : core_(all), gateway_(over), voice_(spoken) {}

  /// `{kind: voice | message, perSecond, count}`: users of all guilds in turn. What is wrong with it; empty:
  /// it began.
  std::string start(const json& wanted);

private:
  enum class kind { voice, message };
  struct run {
    kind what = kind::voice;
    double per_second = 0;
    std::uint64_t count = 0;
    std::uint64_t done = 0;
    steady_time began{};
  };
  void tick(run now);
  void one_event(const run& of);

  core& core_;
  gateway& gateway_;
  voice& voice_;
};

} // namespace tutti::services::sim::discord

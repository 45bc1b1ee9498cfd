#pragma once
#include "services/sim/discord/rules/fixed_window.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::services::sim::discord {

/// What a route's bucket allows. Discord does not publish these: a client must read them from the headers.
struct bucket_rule {
  std::string_view name;
  std::uint64_t limit = 0;
  std::chrono::milliseconds per{0};
};

/// The buckets of all bots, and each bot's 50 requests a second.
class rate_limits {
public:
  /// Requests of one second may arrive this much closer together.
  static constexpr std::chrono::milliseconds tolerance{50};
  static constexpr std::uint64_t global_limit = 50;

  struct outcome {
    bool allowed = true;
    bool global = false; ///< it was the global limit that refused
    std::uint64_t limit = 0;
    std::uint64_t remaining = 0;
    std::chrono::nanoseconds reset_after{0};
    std::string bucket; ///< opaque, the same for all routes that share it
  };

  /// `bot` empty: a request without authorization, which the global limit does not count.
  outcome take(const bucket_rule& rule, std::string_view bot, std::string_view major, steady_time now);

private:
  void forget_old(steady_time now);

  std::map<std::string, fixed_window, std::less<>> global_;
  std::map<std::string, fixed_window, std::less<>> buckets_;
};

/// 10,000 refused requests in 10 minutes ban an address for as long.
class invalid_requests {
public:
  static constexpr std::uint64_t limit = 10'000;
  static constexpr std::chrono::minutes length{10};

  /// What is left of a ban; nothing: there is none.
  std::optional<std::chrono::nanoseconds> banned(const std::string& address, steady_time now) const;
  void count(const std::string& address, steady_time now);

private:
  std::map<std::string, fixed_window> seen_;
};

} // namespace tutti::services::sim::discord

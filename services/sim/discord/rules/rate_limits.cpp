#include "services/sim/discord/rules/rate_limits.hpp"

#include <cstdio>
#include <functional>

namespace tutti::services::sim::discord {
namespace {

std::string opaque_name(std::string_view name) {
  char out[24];
  std::snprintf(out, sizeof out, "%016zx", std::hash<std::string_view>{}(name));
  return out;
}

} // namespace

rate_limits::outcome rate_limits::take(const bucket_rule& rule, std::string_view bot, std::string_view major,
                                       steady_time now) {
  using std::chrono::seconds;
  outcome out;
  out.bucket = opaque_name(rule.name);
  if (!bot.empty()) {
    auto one = global_.find(bot);
    if (one == global_.end())
      one = global_.emplace(bot, fixed_window{global_limit, seconds{1} - tolerance}).first;
    if (!one->second.take(now)) {
      out.allowed = false;
      out.global = true;
      out.limit = rule.limit;
      out.reset_after = one->second.reset_after(now) + tolerance;
      return out;
    }
  }
  std::string key{bot};
  key.append("|").append(rule.name).append("|").append(major);
  auto bucket = buckets_.find(key);
  if (bucket == buckets_.end()) {
    forget_old(now);
    bucket = buckets_.emplace(std::move(key), fixed_window{rule.limit, rule.per}).first;
  }
  out.allowed = bucket->second.take(now);
  out.limit = rule.limit;
  out.remaining = bucket->second.remaining(now);
  out.reset_after = bucket->second.reset_after(now);
  return out;
}

void rate_limits::forget_old(steady_time now) {
  constexpr std::size_t many = 50'000;
  if (buckets_.size() >= many)
    std::erase_if(buckets_, [&](auto& one) { return one.second.over(now); });
}

std::optional<std::chrono::nanoseconds> invalid_requests::banned(const std::string& address,
                                                                 steady_time now) const {
  auto found = seen_.find(address);
  if (found == seen_.end() || found->second.remaining(now) > 0)
    return std::nullopt;
  return found->second.reset_after(now);
}

void invalid_requests::count(const std::string& address, steady_time now) {
  seen_.try_emplace(address, limit, length).first->second.take(now);
}

} // namespace tutti::services::sim::discord

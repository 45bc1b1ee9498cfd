#include "runtime/store/flag_cache.hpp"

#include <utility>

namespace tutti::runtime::store {
namespace {

telemetry::counter& outcome_counter(telemetry::metrics& metrics, const char* outcome) {
  return metrics.add_counter("tutti_cache_requests_total", "What was asked of caches",
                             {{"cache", "flags"}, {"outcome", outcome}});
}

std::uint64_t version_of(const flag_found& found) {
  return found.flag ? found.flag->version : 0;
}

} // namespace

flag_cache::flag_cache(telemetry::metrics& metrics, flag_cache_options options)
    : options_(options), hits_(outcome_counter(metrics, "hit")), misses_(outcome_counter(metrics, "miss")),
      stale_(outcome_counter(metrics, "stale")) {}

std::optional<bool> flag_cache::is_on(std::string_view name, std::string_view key, clock::time_point now) {
  std::lock_guard guard{lock_};
  auto* found = usable(name, now);
  if (found == nullptr)
    return std::nullopt;
  return found->flag && store::is_on(*found->flag, key);
}

flag_cache::statistics flag_cache::read_statistics() const {
  std::lock_guard guard{lock_};
  return {entries_.size(), hits_.value(), misses_.value(), stale_.value()};
}

std::optional<flag_found> flag_cache::find(const std::string& name, clock::time_point now) {
  std::lock_guard guard{lock_};
  auto* found = usable(name, now);
  return found == nullptr ? std::nullopt : std::optional{*found};
}

std::optional<flag_found> flag_cache::find_stale(const std::string& name) {
  std::lock_guard guard{lock_};
  auto* known = touch(name);
  if (known == nullptr)
    return std::nullopt;
  stale_.inc();
  return known->found;
}

void flag_cache::loaded(const std::string& name, flag_found found, clock::time_point now) {
  std::lock_guard guard{lock_};
  put(name, std::move(found), now);
}

void flag_cache::written(feature_flag flag, clock::time_point now) {
  std::lock_guard guard{lock_};
  auto name = flag.name;
  auto* known = touch(name);
  if (known != nullptr && version_of(known->found) >= flag.version)
    known->fresh_until = {}; // a later change, or a database that has been set back: only it knows
  else
    put(name, {std::move(flag)}, now);
}

void flag_cache::expire(const std::string& name, std::uint64_t version) {
  std::lock_guard guard{lock_};
  auto i = by_name_.find(name);
  if (i != by_name_.end() && version_of(i->second->found) < version)
    i->second->fresh_until = {};
}

void flag_cache::set_away(clock::time_point until) {
  std::lock_guard guard{lock_};
  away_until_ = until;
}

flag_cache::entry* flag_cache::touch(std::string_view name) {
  auto i = by_name_.find(name);
  if (i == by_name_.end())
    return nullptr;
  entries_.splice(entries_.begin(), entries_, i->second);
  return &entries_.front();
}

const flag_found* flag_cache::usable(std::string_view name, clock::time_point now) {
  auto* known = touch(name);
  if (known == nullptr || (now >= known->fresh_until && now >= away_until_))
    return nullptr;
  (now < known->fresh_until ? hits_ : stale_).inc();
  return &known->found;
}

void flag_cache::put(const std::string& name, flag_found found, clock::time_point now) {
  auto* known = touch(name);
  if (known == nullptr) {
    if (entries_.size() >= options_.capacity) {
      by_name_.erase(entries_.back().name);
      entries_.pop_back();
    }
    entries_.push_front({name, {}, {}});
    known = &entries_.front();
    by_name_[known->name] = entries_.begin();
  }
  known->found = std::move(found);
  known->fresh_until = now + options_.ttl;
}

} // namespace tutti::runtime::store

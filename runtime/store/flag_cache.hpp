#pragma once
#include "runtime/store/flag_store.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tutti::runtime::store {

struct flag_cache_options {
  std::chrono::milliseconds ttl{300'000}; ///< how long a change may go unnoticed that nobody tells of
  std::size_t capacity = 10'000;          ///< names, those without a flag too; the least used ones go first
};

/// What a node knows of feature flags, so that asking costs no message: any thread may ask, and the keeper
/// (flag_keeper.hpp) fills it. That there is no flag of a name is known as well. While the store is away, what
/// was last known stays in use, however old, as nobody can change it then. Every answer is counted, by the
/// keeper too: tutti_cache_requests_total{cache="flags"}.
class flag_cache {
public:
  using clock = std::chrono::steady_clock;

  /// `metrics` must outlive it.
  explicit flag_cache(telemetry::metrics& metrics, flag_cache_options options = {});

  /// Whether the flag is on for `key` (false when there is none of this name); nothing, uncounted, when that
  /// is not known: then read_flag asks the keeper.
  std::optional<bool> is_on(std::string_view name, std::string_view key, clock::time_point now = clock::now());

  struct statistics {
    std::size_t entries = 0;
    std::uint64_t hits = 0, misses = 0, stale = 0;
  };
  statistics read_statistics() const;

  // By the keeper.
  /// What is known and may be used now.
  std::optional<flag_found> find(const std::string& name, clock::time_point now);
  /// The last thing known, for a store that did not answer.
  std::optional<flag_found> find_stale(const std::string& name);
  void loaded(const std::string& name, flag_found found, clock::time_point now);
  /// A change that this node made. Another one may have been told of before.
  void written(feature_flag flag, clock::time_point now);
  /// Somebody has made `version`: what is older is loaded again.
  void expire(const std::string& name, std::uint64_t version);
  /// Until then nothing is loaded that is known somehow; no time: the store is there.
  void set_away(clock::time_point until = {});
  void count_miss() noexcept { misses_.inc(); }

private:
  struct entry {
    std::string name;
    flag_found found;
    clock::time_point fresh_until;
  };
  using entries = std::list<entry>; ///< the latest used first

  entry* touch(std::string_view name);
  const flag_found* usable(std::string_view name, clock::time_point now);
  void put(const std::string& name, flag_found found, clock::time_point now);

  const flag_cache_options options_;
  telemetry::counter &hits_, &misses_, &stale_;
  mutable std::mutex lock_;
  entries entries_;
  std::unordered_map<std::string_view, entries::iterator> by_name_; ///< views of the entries' names
  clock::time_point away_until_;
};

} // namespace tutti::runtime::store

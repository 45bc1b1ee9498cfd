#pragma once
#include "runtime/entity/entity_type.hpp"
#include "runtime/store/entity_store.hpp"

#include <compare>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace tutti::runtime::entity {

/// Entities that do not live now and have a time to be woken at; each once.
class sleepers {
public:
  struct sleeper {
    std::uint32_t partition = 0;
    const entity_type* type = nullptr;
    std::string key;
    auto operator<=>(const sleeper&) const = default;
  };

  void put(sleeper who, store::unix_ms at) {
    auto [found, fresh] = times_.try_emplace(std::move(who), at);
    if (!fresh) {
      order_.erase({found->second, &found->first});
      found->second = at;
    }
    order_.insert({at, &found->first});
  }
  void erase(const sleeper& who) {
    if (auto found = times_.find(who); found != times_.end())
      erase(found);
  }
  /// Another node wakes them.
  void erase(const std::string& role, std::uint32_t partition) {
    for (auto i = times_.lower_bound({partition, nullptr, {}});
         i != times_.end() && i->first.partition == partition;)
      i = i->first.type->role == role ? erase(i) : std::next(i);
  }
  /// The one whose time came first.
  std::optional<sleeper> take_due(store::unix_ms now) {
    if (order_.empty() || order_.begin()->first > now)
      return std::nullopt;
    auto out = *order_.begin()->second;
    erase(out);
    return out;
  }

private:
  using times = std::map<sleeper, store::unix_ms>;
  times::iterator erase(times::iterator i) {
    order_.erase({i->second, &i->first});
    return times_.erase(i);
  }

  times times_;
  std::set<std::pair<store::unix_ms, const sleeper*>> order_;
};

} // namespace tutti::runtime::entity

#pragma once
#include "runtime/cluster/links/address.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace tutti::runtime::cluster {

/// Which addresses to dial, and when: at once when new or lost, else 0.2 to 5 s apart, with jitter. Several
/// addresses may lead to one node.
class dial_list {
public:
  using time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds first_wait{200};
  static constexpr std::chrono::milliseconds longest_wait{5'000};

  explicit dial_list(std::uint64_t seed) : random_(seed) {}

  /// For ever.
  void add(const node_address& to, time now) { entry_for(to, now).for_ever = true; }
  /// Those that members name; earlier ones that are named no more and not connected are forgotten.
  void replace(const std::set<node_address>& named, time now);

  /// To be dialled now; each until connected() or failed() is told.
  std::vector<node_address> due(time now);
  /// When due() has something again; nothing: never.
  std::optional<time> next() const;

  /// A connection to this peer stands; also one that was not dialled from here.
  void connected(const node_address& to, const std::string& peer, time now);
  void failed(const node_address& to, time now);
  /// The connection to this peer is gone.
  void lost(const std::string& peer, time now);

private:
  struct entry {
    bool for_ever = false;
    bool under_way = false;
    std::string peer; ///< connected to it; empty: not connected
    unsigned failures = 0;
    time at;
  };
  entry& entry_for(const node_address& to, time now) {
    return entries_.try_emplace(to, entry{.at = now}).first->second;
  }
  std::chrono::milliseconds wait(unsigned failures);

  std::map<node_address, entry> entries_;
  std::minstd_rand random_;
};

} // namespace tutti::runtime::cluster

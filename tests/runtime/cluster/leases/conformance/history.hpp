#pragma once
#include "runtime/cluster/leases/held_lease.hpp"
#include "runtime/cluster/leases/store.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::tests::leases {

/// What many players saw, judged afterwards. All times are of one clock.
class history {
public:
  using time = std::chrono::nanoseconds;

  struct tenure { ///< one grant, as its holder saw it
    std::string name;
    std::uint64_t epoch = 0;
    time sent{0}, received{0};                ///< of the acquire
    std::vector<std::pair<time, time>> holds; ///< from, to (not included)
  };

  std::size_t begin(tenure t);
  /// It may act from `from` to `to`.
  void extend(std::size_t number, time from, time to);
  /// It stopped by itself.
  void stop(std::size_t number, time at);
  std::size_t grants() const;
  /// What must not be: two that hold at once, an epoch twice, one that goes back. Empty: all is well.
  std::vector<std::string> faults() const;

private:
  mutable std::mutex lock_;
  std::vector<tenure> tenures_;
};

/// Acquires, renews and releases at random, one call at a time; passes on what it has seen. Ends by an exit
/// message.
caf::actor spawn_player(caf::actor_system& sys, caf::actor store, runtime::cluster::lease_holder who,
                        runtime::cluster::lease_store_options options,
                        std::shared_ptr<const runtime::cluster::lease_clock> clock,
                        std::shared_ptr<history> seen, unsigned seed);

} // namespace tutti::tests::leases

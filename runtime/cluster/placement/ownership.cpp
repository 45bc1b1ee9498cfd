#include "runtime/cluster/placement/ownership.hpp"

#include "runtime/cluster/leases/keeper.hpp"
#include "runtime/cluster/placement/placement.hpp"
#include "runtime/store/entity_store.hpp"
#include "runtime/telemetry/log.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace tutti::runtime::cluster {
namespace {

using ownership_tick = caf::atom_constant<caf::atom("tick")>;
using fence_tick = caf::atom_constant<caf::atom("fence")>;
using announce_tick = caf::atom_constant<caf::atom("announce")>;

/// waiting (for the lease) → fencing → open → closing → dropping → gone, or waiting again. From fencing and
/// open back to waiting when the lease is lost.
enum class slot_phase : std::uint8_t { idle, waiting, fencing, open, closing, dropping };

struct partition_slot {
  std::string role;
  std::uint32_t partition = 0;
  slot_phase phase = slot_phase::idle;
  bool assigned = true;                             ///< by the table
  std::uint64_t seen = 0;                           ///< see lease_claim
  std::shared_ptr<const held_lease> lease;          ///< from fencing on
  caf::actor_clock::clock_type::time_point since{}; ///< when it was to be opened
};

/// The least time left of all leases, in ms; negative: none is held.
using least_left = std::atomic<std::int64_t>;

class partition_owner final : public actor::metered {
public:
  partition_owner(caf::actor_config& cfg, actor::placement where, ownership_ports ports,
                  ownership_options options, telemetry::metrics& metrics)
      : metered(cfg, std::move(where), "ownership"), ports_(std::move(ports)), options_(std::move(options)),
        owned_(metrics.add_gauge("tutti_partitions_owned", "Partitions that this node has open")),
        handoff_(metrics.add_latency("tutti_partition_handoff_seconds",
                                     "From when a partition was this node's to open until it was open")),
        collector_(metrics.add_collector([left = left_](telemetry::sample_sink& out) {
          if (auto ms = left->load(); ms >= 0)
            out.add({"tutti_lease_seconds_left",
                     "Least time left of the partition leases",
                     telemetry::metric_type::gauge,
                     {},
                     static_cast<double>(ms) / 1000});
        })) {}

protected:
  caf::behavior make_behavior() override {
    for (auto& needed : {ports_.table, ports_.keeper, ports_.fences, ports_.host})
      monitor(needed);
    set_down_handler([this](const caf::down_msg& down) {
      quit(make_error(ec::unavailable,
                      "the ownership actor lost one of its ports: " + runtime::describe(down.reason)));
    });
    owned_.set(0);
    send(this, ownership_tick::value);
    return {
        [this](ownership_tick) {
          measure();
          poll();
          delayed_send(this, interval(), ownership_tick::value);
        },
        [this](look_at_table) {
          try_again();
          poll();
        },
        [this](const lease_gained& g) { gained(g.lease); },
        [this](const lease_lost& l) { lost(l); },
        [this](fence_tick) { raise(); },
        [this](announce_tick) {
          announcing_ = false;
          send(ports_.announce, look_at_table{});
        },
    };
  }

  void on_exit() override {
    owned_.set(0);
    left_->store(-1);
    collector_ = nullptr;
    ports_ = {};
    slots_.clear();
  }

private:
  using time = caf::actor_clock::clock_type::time_point;
  using duration = caf::actor_clock::clock_type::duration;

  duration ttl() const { return options_.leases.ttl; }
  std::chrono::milliseconds patience() const { return options_.leases.call_timeout() * 5 / 4; }
  duration jittered(duration d) { return d * std::uniform_int_distribution<int>{800, 1200}(random_) / 1000; }
  duration usual() const {
    return std::clamp<duration>(ttl() / 10, std::chrono::milliseconds{100}, std::chrono::milliseconds{500});
  }
  duration backoff(unsigned failures) {
    return jittered(std::min(usual() * (1U << std::min(failures, 4U)), std::max(usual(), ttl() / 2)));
  }
  duration interval() { return backoff(poll_failures_); }

  // The table.

  void poll() {
    if (polling_) {
      poll_again_ = true;
      return;
    }
    polling_ = true;
    request(ports_.table, patience(), read_table{read_version_})
        .then(
            [this](table_read& answer) {
              polling_ = false;
              poll_failures_ = 0;
              if (answer.changed)
                took_table(std::move(*answer.changed));
              try_again();
              if (std::exchange(poll_again_, false))
                poll();
            },
            [this](const caf::error& reason) {
              polling_ = poll_again_ = false;
              ++poll_failures_;
              telemetry::get().warn("ownership.read_failed reason={}", runtime::describe(reason));
            });
  }

  void took_table(partition_table&& read) {
    read_version_ = read.version;
    if (is_older(read, *table_)) {
      telemetry::get().warn("ownership.older_table epoch={} known_epoch={}", read.epoch, table_->epoch);
      return; // the coordinator writes a newer one
    }
    table_ = std::make_shared<const partition_table>(std::move(read));
    send(ports_.host, table_changed{table_});
    for (auto& [name, s] : slots_)
      s.assigned = false;
    for (auto& e : table_->entries) {
      if (e.owner != options_.self)
        continue;
      auto& s = slots_[partition_lease(e.role, e.partition)];
      if (s.phase == slot_phase::idle) {
        s.role = e.role;
        s.partition = e.partition;
      }
      s.assigned = true;
      s.seen = std::max(s.seen, e.epoch);
    }
    for (auto& [name, s] : slots_)
      reconcile(name, s);
  }

  void reconcile(const std::string& name, partition_slot& s) {
    if (s.assigned) {
      if (s.phase == slot_phase::idle)
        want(name, s);
    } else if (s.phase == slot_phase::open) {
      close(name, s);
    } else if (s.phase == slot_phase::waiting || s.phase == slot_phase::fencing) {
      drop(name, s, false);
    }
  }

  void enter(partition_slot& s, slot_phase next) {
    auto counts = [](slot_phase p) { return p == slot_phase::open || p == slot_phase::closing ? 1 : 0; };
    owned_.add(counts(next) - counts(s.phase));
    s.phase = next;
  }

  // The leases.

  void want(const std::string& name, partition_slot& s) {
    enter(s, slot_phase::waiting);
    s.lease = nullptr;
    s.since = clock().now();
    send(ports_.keeper, keep_lease{name, "", s.seen});
  }

  /// The former owner may have given something back. The keeper tries for all that it does not hold as soon
  /// as it is asked for one.
  void try_again() {
    auto i = std::find_if(slots_.begin(), slots_.end(),
                          [](auto& x) { return x.second.phase == slot_phase::waiting; });
    if (i != slots_.end())
      send(ports_.keeper, keep_lease{i->first, "", i->second.seen});
  }

  /// Once for many that close together.
  void announce() {
    if (ports_.announce && !std::exchange(announcing_, true))
      delayed_send(this, std::chrono::milliseconds{10}, announce_tick::value);
  }

  void gained(const std::shared_ptr<const held_lease>& lease) {
    auto i = slots_.find(lease->name());
    if (i == slots_.end() || i->second.phase != slot_phase::waiting)
      return; // it is being dropped
    auto& s = i->second;
    s.lease = lease;
    s.seen = std::max(s.seen, lease->epoch());
    enter(s, slot_phase::fencing);
    to_fence_.insert(i->first);
    ask_for_fences();
  }

  void lost(const lease_lost& l) {
    auto i = slots_.find(l.name);
    if (i == slots_.end() || !i->second.lease || i->second.lease->epoch() != l.epoch)
      return;
    auto& s = i->second;
    auto was = s.phase;
    if (was == slot_phase::dropping)
      return; // its end is told when the keeper answers
    if (was == slot_phase::open || was == slot_phase::closing)
      send(ports_.host, partition_lost{s.role, s.partition, l.epoch});
    s.lease = nullptr;
    s.since = clock().now();
    if (was == slot_phase::closing)
      drop(l.name, s, false); // or the keeper would try for it again
    else
      enter(s, slot_phase::waiting);
  }

  /// The host must have stopped acting for it, unless it runs out.
  void drop(const std::string& name, partition_slot& s, bool run_out) {
    enter(s, slot_phase::dropping);
    auto dropped = [this, name, run_out] {
      auto i = slots_.find(name);
      if (i == slots_.end())
        return;
      auto& slot = i->second;
      if (run_out)
        send(ports_.host, partition_lost{slot.role, slot.partition, slot.lease->epoch()});
      if (slot.assigned)
        return want(name, slot);
      slots_.erase(i);
      announce();
    };
    request(ports_.keeper, ttl() * 2, drop_lease{name, run_out})
        .then([dropped](const lease_dropped&) { dropped(); },
              [dropped, name](const caf::error& reason) { // nobody holds it here any more all the same
                telemetry::get().warn("ownership.drop_failed name={} reason={}", name,
                                      runtime::describe(reason));
                dropped();
              });
  }

  void close(const std::string& name, partition_slot& s) {
    enter(s, slot_phase::closing);
    auto still_closing = [this, name, lease = s.lease]() -> partition_slot* {
      auto i = slots_.find(name);
      bool same = i != slots_.end() && i->second.phase == slot_phase::closing && i->second.lease == lease;
      return same ? &i->second : nullptr;
    };
    request(ports_.host, ttl() * 2, close_partition{s.role, s.partition})
        .then(
            [this, name, still_closing](const partition_closed&) {
              if (auto* slot = still_closing())
                drop(name, *slot, false);
            },
            [this, name, still_closing](const caf::error& reason) {
              auto* slot = still_closing();
              if (slot == nullptr)
                return; // the lease was lost meanwhile
              telemetry::get().error("ownership.close_failed name={} reason={}", name,
                                     runtime::describe(reason));
              drop(name, *slot, true);
            });
  }

  // The fences.

  /// Once for all grants that have come with one answer.
  void ask_for_fences() {
    if (!std::exchange(fences_asked_, true))
      send(this, fence_tick::value);
  }

  void raise() {
    store::raise_fences order;
    std::vector<std::string> names;
    while (!to_fence_.empty() && names.size() < store::max_store_batch) {
      auto name = std::move(to_fence_.extract(to_fence_.begin()).value());
      auto i = slots_.find(name);
      if (i == slots_.end() || i->second.phase != slot_phase::fencing || !i->second.lease->holds())
        continue; // that it is lost is yet to be told
      order.fences.push_back({i->second.role, i->second.partition, i->second.lease->epoch()});
      names.push_back(std::move(name));
    }
    if (names.empty()) {
      fences_asked_ = false;
      return;
    }
    auto asked = order.fences;
    request(ports_.fences, ttl(), std::move(order))
        .then(
            [this, names, asked](const store::fences_raised& answer) {
              fence_failures_ = 0;
              for (std::size_t n = 0; n < std::min(names.size(), answer.standing.size()); ++n)
                fenced(names[n], asked[n].epoch, answer.standing[n]);
              raise();
            },
            [this, names](const caf::error& reason) {
              telemetry::get().warn("ownership.fence_failed partitions={} reason={}", names.size(),
                                    runtime::describe(reason));
              to_fence_.insert(names.begin(), names.end());
              delayed_send(this, backoff(fence_failures_++), fence_tick::value);
            });
  }

  void fenced(const std::string& name, std::uint64_t asked, std::uint64_t standing) {
    auto i = slots_.find(name);
    if (i == slots_.end() || i->second.phase != slot_phase::fencing || i->second.lease->epoch() != asked)
      return;
    auto& s = i->second;
    if (standing > asked) {
      telemetry::get().warn("ownership.fence_refused name={} epoch={} standing={}", name, asked, standing);
      s.seen = std::max(s.seen, standing);
      return drop(name, s, false);
    }
    if (!s.lease->holds())
      return; // as above
    enter(s, slot_phase::open);
    handoff_.observe(clock().now() - s.since);
    send(ports_.host, partition_opened{s.role, s.partition, s.lease});
  }

  void measure() {
    auto least = std::chrono::milliseconds::max();
    for (auto& [name, s] : slots_)
      if (s.lease)
        least =
            std::min(least, std::max(std::chrono::milliseconds{0},
                                     std::chrono::duration_cast<std::chrono::milliseconds>(s.lease->left())));
    left_->store(least == std::chrono::milliseconds::max() ? -1 : least.count());
  }

  ownership_ports ports_;
  const ownership_options options_;
  telemetry::gauge& owned_;
  telemetry::latency_histogram& handoff_;
  std::shared_ptr<least_left> left_ = std::make_shared<least_left>(-1);
  telemetry::metrics::registration collector_;
  std::minstd_rand random_{std::random_device{}()};

  std::shared_ptr<const partition_table> table_ = std::make_shared<const partition_table>();
  std::uint64_t read_version_ = 0; ///< also of a table that was too old
  bool polling_ = false, poll_again_ = false;
  unsigned poll_failures_ = 0, fence_failures_ = 0;
  std::map<std::string, partition_slot> slots_; ///< by name of the lease
  std::set<std::string> to_fence_;              ///< of slots in fencing
  bool fences_asked_ = false;                   ///< a fence_tick or a request is under way
  bool announcing_ = false;
};

} // namespace

caf::actor spawn_ownership(caf::event_based_actor& parent, actor::placement at, ownership_ports ports,
                           ownership_options options, telemetry::metrics& metrics) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<partition_owner>(std::move(at), std::move(ports), std::move(options), std::ref(metrics)));
}

} // namespace tutti::runtime::cluster

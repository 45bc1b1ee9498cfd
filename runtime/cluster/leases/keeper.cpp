#include "runtime/cluster/leases/keeper.hpp"

#include "runtime/telemetry/log.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::runtime::cluster {
namespace {

using keeper_tick = caf::atom_constant<caf::atom("tick")>;
using keeper_work = caf::atom_constant<caf::atom("work")>;
using timer_clock = caf::actor_clock::clock_type;
using drop_promise = caf::typed_response_promise<lease_dropped>;

struct wanted_lease {
  caf::actor owner;
  std::string value;
  std::uint64_t held = 0; ///< epoch of our latest grant
  std::uint64_t seen = 0;
  std::shared_ptr<held_lease> lease; ///< null: not held
  std::optional<drop_promise> running_out;
};
using renewed_leases = std::vector<std::shared_ptr<held_lease>>;

class lease_keeper final : public actor::metered {
public:
  lease_keeper(caf::actor_config& cfg, actor::placement where, caf::actor store, keeper_options options,
               telemetry::metrics& metrics)
      : metered(cfg, std::move(where), "lease-keeper"), store_(std::move(store)),
        options_(std::move(options)), renewed_(outcome(metrics, "renewed")),
        failed_(outcome(metrics, "failed")), lost_(outcome(metrics, "lost")) {}

protected:
  caf::behavior make_behavior() override {
    monitor(store_);
    set_down_handler([this](const caf::down_msg& down) {
      if (down.source == store_)
        quit(make_error(ec::unavailable, "the lease store ended: " + runtime::describe(down.reason)));
      else
        owner_ended(down.source);
    });
    return {
        [this](keep_lease& order) { keep(order); },
        [this](const drop_lease& order) -> caf::result<lease_dropped> {
          auto owner = caf::actor_cast<caf::actor>(current_sender()); // the promise takes it
          auto promise = make_response_promise<lease_dropped>();
          drop(owner, order, promise);
          return promise;
        },
        [this](keeper_tick, std::uint64_t number) {
          if (number != tick_)
            return; // another one took its place
          armed_at_ = {};
          work();
        },
        [this](keeper_work) {
          work_asked_ = false;
          release_dropped();
          work();
        },
    };
  }

  void on_exit() override {
    for (auto& [name, w] : wanted_) {
      if (w.lease)
        w.lease->drop();
      if (w.running_out)
        w.running_out->deliver(lease_dropped{});
    }
    wanted_.clear();
    store_ = nullptr;
    auto ended = make_error(ec::unavailable, "the lease keeper ended");
    for (auto& [name, promise] : std::exchange(late_drops_, {}))
      promise.deliver(ended);
    for (auto& [lease, promise] : std::exchange(dropped_, {}))
      promise.deliver(ended);
  }

private:
  static telemetry::counter& outcome(telemetry::metrics& metrics, const char* value) {
    return metrics.add_counter("tutti_lease_renewals_total", "Leases in renewals, by outcome",
                               {{"outcome", value}});
  }

  timer_clock::duration ttl() const { return options_.store.ttl; }
  /// Of requests; the store itself answers before.
  std::chrono::milliseconds patience() const { return options_.store.call_timeout() * 5 / 4; }
  /// From `least` to `most` of a thousandth of the TTL.
  timer_clock::duration part(int least, int most) {
    return ttl() * std::uniform_int_distribution<int>{least, most}(random_) / 1000;
  }
  /// Twice as long after each further failure, up to the usual interval.
  timer_clock::duration backoff(unsigned failures) {
    int most = 30 << std::min(failures, 4U);
    return part(most / 2, std::min(most, 333));
  }

  void keep(keep_lease& order) {
    auto owner = caf::actor_cast<caf::actor>(current_sender());
    if (auto bad = check(acquire_leases{options_.holder, {{order.name, 0, order.seen, order.value}}})) {
      telemetry::get().error("lease.refused reason={}", runtime::words(bad));
      return; // here, or the store would refuse all that are asked for together
    }
    if (watched_.insert(owner.address()).second)
      monitor(owner);
    auto now = clock().now();
    auto& w = wanted_[order.name];
    if (w.owner && w.owner != owner)
      lose(order.name, w);
    w.owner = owner;
    w.value = std::move(order.value);
    w.seen = std::max(w.seen, order.seen);
    stop_running_out(w);
    (w.lease ? renew_at_ : acquire_at_) = now;
    ask_for_work();
  }

  static void stop_running_out(wanted_lease& w) {
    if (auto promise = std::exchange(w.running_out, std::nullopt))
      promise->deliver(make_error(ec::cancelled, "it is kept or dropped again"));
  }

  /// Work goes through all leases, so it is done once for all messages that are waiting.
  void ask_for_work() {
    if (!std::exchange(work_asked_, true))
      send(this, keeper_work::value);
  }

  void drop(const caf::actor& owner, const drop_lease& order, drop_promise promise) {
    auto& name = order.name;
    auto i = wanted_.find(name);
    if (i != wanted_.end() && i->second.owner == owner) {
      auto& lease = i->second.lease;
      stop_running_out(i->second);
      if (lease && lease->holds() && order.run_out) {
        i->second.running_out = promise;
        return ask_for_work();
      }
      if (lease) {
        lease->drop();
        dropped_.emplace_back(lease_ref{name, lease->epoch()}, promise);
        wanted_.erase(i);
        return ask_for_work();
      }
      wanted_.erase(i);
    }
    if (acquiring_.count(name) != 0 && wanted_.count(name) == 0)
      late_drops_.emplace_back(name, promise);
    else
      promise.deliver(lease_dropped{});
  }

  /// A partition's lease is not given back: what was under way for its entities may still be.
  void owner_ended(const caf::actor_addr& owner) {
    watched_.erase(owner);
    std::vector<lease_ref> held;
    for (auto i = wanted_.begin(); i != wanted_.end();) {
      if (i->second.owner != owner) {
        ++i;
        continue;
      }
      if (auto& lease = i->second.lease) {
        lease->drop();
        if (!i->first.starts_with(partition_prefix))
          held.push_back({i->first, lease->epoch()});
      }
      i = wanted_.erase(i);
    }
    release(std::move(held), {});
  }

  void release_dropped() {
    auto dropped = std::exchange(dropped_, {});
    for (auto i = dropped.begin(); i != dropped.end();) {
      std::vector<lease_ref> leases;
      std::vector<drop_promise> waiting;
      for (; i != dropped.end() && leases.size() < max_lease_batch; ++i) {
        leases.push_back(std::move(i->first));
        waiting.push_back(i->second);
      }
      release(std::move(leases), std::move(waiting));
    }
  }

  /// Of leases that were dropped here before. A failure is no harm: they end by themselves.
  void release(std::vector<lease_ref> leases, std::vector<drop_promise> waiting) {
    while (leases.size() > max_lease_batch) {
      release({leases.end() - max_lease_batch, leases.end()}, {});
      leases.resize(leases.size() - max_lease_batch);
    }
    if (leases.empty()) {
      for (auto& promise : waiting)
        promise.deliver(lease_dropped{});
      return;
    }
    request(store_, patience(), release_leases{options_.holder, std::move(leases)})
        .then(
            [waiting](const leases_released&) {
              for (auto promise : waiting)
                promise.deliver(lease_dropped{});
            },
            [waiting](const caf::error& reason) {
              telemetry::get().warn("lease.release_failed reason={}", runtime::describe(reason));
              for (auto promise : waiting)
                promise.deliver(reason);
            });
  }

  void work() {
    for (auto i = wanted_.begin(); i != wanted_.end();) {
      auto& [name, w] = *i;
      bool ended = w.lease && !w.lease->holds();
      if (ended && !w.running_out)
        telemetry::get().warn("lease.expired name={} epoch={}", name, w.lease->epoch());
      if (ended && !lose(name, w))
        i = wanted_.erase(i);
      else
        ++i;
    }
    auto now = clock().now();
    if (renewing_ == 0 && now >= renew_at_)
      renew(now);
    if (acquiring_.empty() && now >= acquire_at_)
      acquire();
    arm();
  }

  /// Whether it is still wanted.
  bool lose(const std::string& name, wanted_lease& w) {
    if (!w.lease)
      return true;
    w.lease->drop();
    w.held = w.lease->epoch();
    w.seen = std::max(w.seen, w.held);
    w.lease = nullptr;
    if (w.running_out) {
      std::exchange(w.running_out, std::nullopt)->deliver(lease_dropped{});
      return false;
    }
    send(w.owner, lease_lost{name, w.held});
    acquire_at_ = clock().now();
    return true;
  }

  void renew(timer_clock::time_point now) {
    renew_at_ = now + part(290, 333);
    auto sent = options_.clock->now(); // before holds(): the store believes what is sent as held
    renewed_leases leases;
    for (auto& [name, w] : wanted_)
      if (w.lease && w.lease->holds() && !w.running_out)
        leases.push_back(w.lease);
    for (std::size_t from = 0; from < leases.size(); from += max_lease_batch)
      renew_some(sent,
                 {leases.begin() + from, leases.begin() + std::min(from + max_lease_batch, leases.size())});
  }

  void renew_some(held_lease::time sent, renewed_leases leases) {
    renew_leases order{options_.holder, {}};
    for (auto& l : leases)
      order.leases.push_back({l->name(), l->epoch(), wanted_[l->name()].value});
    ++renewing_;
    request(store_, patience(), std::move(order))
        .then(
            [this, sent, leases](const leases_renewed& answer) {
              --renewing_;
              renew_failures_ = 0;
              took_renewals(sent, leases, answer.lost);
              work();
            },
            [this, count = leases.size()](const caf::error& reason) {
              --renewing_;
              failed_.inc(count);
              telemetry::get().warn("lease.renewal_failed leases={} reason={}", count,
                                    runtime::describe(reason));
              renew_at_ = std::min(renew_at_, clock().now() + backoff(renew_failures_++));
              work();
            });
  }

  void took_renewals(held_lease::time sent, const renewed_leases& leases,
                     const std::vector<std::string>& lost) {
    std::set<std::string_view> names{lost.begin(), lost.end()};
    for (auto& l : leases) {
      if (names.count(l->name()) == 0) {
        l->extend(held_lease::deadline(sent, options_.store.ttl));
        renewed_.inc();
        continue;
      }
      lost_.inc();
      telemetry::get().warn("lease.lost name={} epoch={}", l->name(), l->epoch());
      auto i = wanted_.find(l->name());
      if (i != wanted_.end() && i->second.lease == l && !lose(i->first, i->second))
        wanted_.erase(i);
    }
  }

  /// Goes on behind the latest, so that each has its turn when there are more than a message takes.
  void acquire() {
    acquire_leases order{options_.holder, {}};
    std::vector<std::string> names;
    auto claim = [&](auto from, auto to) {
      for (; from != to && names.size() < max_lease_batch; ++from)
        if (auto& [name, w] = *from; !w.lease) {
          order.claims.push_back({name, w.held, w.seen, w.value});
          names.push_back(name);
        }
    };
    auto next = wanted_.upper_bound(acquired_last_);
    claim(next, wanted_.end());
    claim(wanted_.begin(), next);
    if (names.empty())
      return;
    acquired_last_ = names.back();
    acquiring_.insert(names.begin(), names.end());
    auto sent = options_.clock->now();
    request(store_, patience(), std::move(order))
        .then(
            [this, sent, names](const leases_acquired& answer) {
              acquire_failures_ = 0;
              took_grants(sent, names, answer.grants);
              acquiring_.clear();
              work();
            },
            [this](const caf::error& reason) {
              telemetry::get().warn("lease.acquire_failed leases={} reason={}", acquiring_.size(),
                                    runtime::describe(reason));
              acquiring_.clear();
              acquire_at_ = clock().now() + backoff(acquire_failures_++);
              for (auto& [name, promise] : std::exchange(late_drops_, {}))
                promise.deliver(reason); // may have been granted
              work();
            });
  }

  void took_grants(held_lease::time sent, const std::vector<std::string>& names,
                   const std::vector<lease_grant>& grants) {
    auto until = held_lease::deadline(sent, options_.store.ttl);
    auto wait = ttl() / 3;
    bool fruitful = names.size() < max_lease_batch;
    std::vector<lease_ref> unwanted;
    for (std::size_t n = 0; n < std::min(names.size(), grants.size()); ++n) {
      auto& g = grants[n];
      auto i = wanted_.find(names[n]);
      bool granted = g.outcome == acquired::granted;
      fruitful = fruitful || granted;
      if (i == wanted_.end()) {
        if (granted)
          unwanted.push_back({names[n], g.epoch});
        continue;
      }
      auto& w = i->second;
      w.seen = std::max(w.seen, g.epoch);
      if (!granted) {
        wait = std::min<timer_clock::duration>(wait, g.left);
        continue;
      }
      w.held = g.epoch;
      auto lease = std::make_shared<held_lease>(names[n], g.epoch, until, options_.clock);
      if (!lease->holds()) { // the answer took too long
        wait = timer_clock::duration{0};
        continue;
      }
      w.lease = lease;
      send(w.owner, lease_gained{lease});
    }
    for (auto& [name, w] : wanted_)
      if (fruitful && !w.lease && acquiring_.count(name) == 0)
        wait = timer_clock::duration{0}; // wanted since, or more than a message takes
    auto now = clock().now();
    acquire_at_ = now + wait + part(3, 20);
    if (renew_at_ < now) // the first ones
      renew_at_ = now + part(290, 333);
    std::vector<drop_promise> waiting;
    for (auto& [name, promise] : std::exchange(late_drops_, {}))
      waiting.push_back(promise);
    release(std::move(unwanted), std::move(waiting));
  }

  void arm() {
    auto now = clock().now();
    auto next = timer_clock::time_point::max();
    for (auto& [name, w] : wanted_) {
      if (w.lease) // that it has run out is to be told, even if nobody answers
        next = std::min({next, now + w.lease->left() + std::chrono::milliseconds{1},
                         renewing_ == 0 && !w.running_out ? renew_at_ : timer_clock::time_point::max()});
      else if (acquiring_.empty())
        next = std::min(next, acquire_at_);
    }
    if (next == timer_clock::time_point::max()
        || (armed_at_ != timer_clock::time_point{} && armed_at_ <= next))
      return;
    armed_at_ = next;
    delayed_send(this, std::max(next - now, timer_clock::duration{0}), keeper_tick::value, ++tick_);
  }

  caf::actor store_;
  const keeper_options options_;
  telemetry::counter &renewed_, &failed_, &lost_;
  std::minstd_rand random_{std::random_device{}()};

  std::map<std::string, wanted_lease> wanted_;
  std::set<caf::actor_addr> watched_; ///< owners, past ones too while they live
  timer_clock::time_point renew_at_{}, acquire_at_{};
  std::size_t renewing_ = 0;        ///< requests under way
  std::set<std::string> acquiring_; ///< names in the request under way
  std::string acquired_last_;       ///< name
  unsigned renew_failures_ = 0, acquire_failures_ = 0;
  std::vector<std::pair<std::string, drop_promise>> late_drops_; ///< of names in acquiring_
  std::vector<std::pair<lease_ref, drop_promise>> dropped_;      ///< to be released by the next work
  bool work_asked_ = false;
  timer_clock::time_point armed_at_{};
  std::uint64_t tick_ = 0;
};

} // namespace

caf::actor spawn_lease_keeper(caf::event_based_actor& parent, actor::placement at, caf::actor store,
                              keeper_options options, telemetry::metrics& metrics) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<lease_keeper>(std::move(at), std::move(store), std::move(options), std::ref(metrics)));
}

} // namespace tutti::runtime::cluster

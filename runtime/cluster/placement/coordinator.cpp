#include "runtime/cluster/placement/coordinator.hpp"

#include "runtime/cluster/leases/keeper.hpp"
#include "runtime/cluster/membership/membership.hpp"
#include "runtime/cluster/placement/member_watch.hpp"
#include "runtime/cluster/placement/ownership.hpp"
#include "runtime/cluster/placement/plan_words.hpp"
#include "runtime/telemetry/log.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <tuple>
#include <utility>

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::runtime::cluster {
namespace {

using coordinator_tick = caf::atom_constant<caf::atom("tick")>;

using candidate_map = std::map<std::string, std::vector<candidate>>; ///< by role
using table_key = std::pair<std::string, std::uint32_t>;             ///< role and partition

struct by_node {
  bool operator()(const lease_holder& a, const lease_holder& b) const {
    return std::tie(a.node, a.incarnation) < std::tie(b.node, b.incarnation);
  }
};

class table_coordinator final : public actor::metered {
public:
  table_coordinator(caf::actor_config& cfg, actor::placement where, coordinator_ports ports,
                    coordinator_options options)
      : metered(cfg, std::move(where), "coordinator"), ports_(std::move(ports)), options_(std::move(options)),
        watch_(options_.self, options_.leases.ttl * 2) {}

protected:
  caf::behavior make_behavior() override {
    for (auto& needed : {ports_.store, ports_.keeper, ports_.membership})
      monitor(needed);
    set_down_handler([this](const caf::down_msg& down) {
      quit(make_error(ec::unavailable, "the coordinator lost its store, keeper or membership: "
                                           + runtime::describe(down.reason)));
    });
    send(ports_.membership, subscribe_members{});
    claim();
    send(this, coordinator_tick::value);
    return {
        [this](members_changed& m) { watch_.update(std::move(m.members), clock().now()); },
        [](const peer_up&) {},
        [](const peer_down&) {},
        [this](const lease_gained& g) { take_office(g.lease); },
        [this](const lease_lost&) { leave_office("its lease ended"); },
        [this](coordinator_tick) { begin_round(); },
        [this](get_cluster_view) { return view(); },
        [this](const plan_drain& query) { return drain(query.node); },
    };
  }

  void on_exit() override { ports_ = {}; }

private:
  using time = member_watch::time;
  using duration = member_watch::duration;

  duration ttl() const { return options_.leases.ttl; }
  std::chrono::milliseconds patience() const { return options_.leases.call_timeout() * 5 / 4; }
  const std::string& me() const { return options_.self.node; }
  bool in_office() const { return lease_ && lease_->holds(); }
  duration jittered(duration d) { return d * std::uniform_int_distribution<int>{800, 1200}(random_) / 1000; }

  void note(std::string what) {
    telemetry::get().info("cluster.event what=\"{}\"", what);
    events_.push_back({std::chrono::system_clock::now(), std::move(what)});
    if (events_.size() > max_cluster_events)
      events_.pop_front();
  }

  // The lease.

  void claim() {
    send(ports_.keeper, keep_lease{coordinator_lease, me(), table_.epoch});
    claimed_since_ = clock().now();
  }
  void take_office(std::shared_ptr<const held_lease> lease) {
    if (!claimed_since_)
      return; // given up meanwhile
    lease_ = std::move(lease);
    must_write_ = true; // so that this epoch is the table's, and any older table is known as such
    unsettled_.clear();
    note(me() + " coordinates now");
  }
  void leave_office(const std::string& why) {
    if (std::exchange(lease_, nullptr))
      note(me() + " coordinates no longer (" + why + ")");
    unconfirmed_.reset();
  }
  void claim_or_give_up() {
    auto now = clock().now();
    auto cut_off = watch_.cut_off_since();
    if (claimed_since_ && cut_off && now - std::max(*cut_off, *claimed_since_) > ttl() * 2) {
      leave_office("it reaches only " + watch_.reached());
      claimed_since_.reset();
      claim_again_at_ = now + jittered(ttl() * 4);
      request(ports_.keeper, options_.leases.ttl, drop_lease{coordinator_lease})
          .then([](const lease_dropped&) {},
                [](const caf::error& reason) {
                  telemetry::get().warn("coordinator.release_failed reason={}", runtime::describe(reason));
                });
    } else if (!claimed_since_ && (!cut_off || now >= claim_again_at_)) {
      claim();
    }
  }

  // A round: read the table, look up who is unclear, plan, write. One at a time.

  void begin_round() {
    claim_or_give_up();
    request(ports_.store, patience(), read_table{table_.version})
        .then(
            [this](table_read& answer) {
              failures_ = 0;
              store_error_.clear();
              took_table(answer);
            },
            [this](const caf::error& reason) { round_failed("read_table", reason); });
  }

  void end_round() {
    auto usual =
        std::clamp<duration>(ttl() / 10, std::chrono::milliseconds{100}, std::chrono::milliseconds{500});
    auto wait = std::min<duration>(usual * (1U << std::min(failures_, 4U)), std::max(usual, ttl()));
    delayed_send(this, jittered(wait), coordinator_tick::value);
  }

  void round_failed(const char* step, const caf::error& reason) {
    ++failures_;
    store_error_ = runtime::describe(reason);
    telemetry::get().warn("coordinator.store_failed step={} reason={}", step, store_error_);
    end_round();
  }

  void took_table(table_read& answer) {
    auto now = clock().now();
    if (table_read_at_ && now - *table_read_at_ > ttl() * 4 / 5)
      settled_at_ = now + ttl();
    table_read_at_ = now;
    if (answer.changed) {
      if (is_older(*answer.changed, table_))
        restamp_ = must_write_ = true;
      greatest_ = std::max(greatest_, next_entry_epoch(*answer.changed, 0) - 1);
      table_ = std::move(*answer.changed);
      planned_for_.reset();
      if (unconfirmed_ && unconfirmed_->entries == table_.entries)
        wrote(*unconfirmed_);
    }
    unconfirmed_.reset();
    candidates_ = watch_.candidates(now);
    bool nothing_new = !must_write_ && planned_for_ == candidates_;
    if (!in_office() || !watch_.knows_any() || now < settled_at_ || nothing_new)
      return end_round();
    look_up_unclear();
  }

  /// Owners of which membership does not know the latest: they are left alone while their lease is held.
  void look_up_unclear() {
    auto now = clock().now();
    std::set<lease_holder, by_node> known;
    for (auto& e : table_.entries)
      known.insert(e.owner);
    read_leases query;
    std::set<lease_holder, by_node> owners;
    for (auto& holder : known)
      if (watch_.of(holder, now) == member_watch::standing::unclear && query.names.size() < max_lease_batch) {
        auto name = member_lease(holder.node);
        if (query.names.empty() || query.names.back() != name)
          query.names.push_back(std::move(name));
        owners.insert(holder);
      }
    if (owners.empty())
      return plan_round();
    request(ports_.store, patience(), std::move(query))
        .then(
            [this, owners](const leases_read& answer) {
              for (auto& l : answer.leases)
                if (l.left.count() > 0 && owners.count(l.holder) != 0) {
                  telemetry::get().debug("coordinator.waits for=membership_of node={}", l.holder.node);
                  return end_round();
                }
              plan_round();
            },
            [this](const caf::error& reason) { round_failed("read_leases", reason); });
  }

  placement_order order_for(candidate_map candidates) const {
    placement_order order;
    order.partitions = options_.partitions;
    order.roles = std::move(candidates);
    std::erase_if(order.roles, [&](auto& role) { return options_.roles.count(role.first) == 0; });
    for (auto& e : table_.entries)
      order.roles[e.role]; // to say so when nobody has the role any more
    order.epoch = std::max(next_entry_epoch(table_, lease_ ? lease_->epoch() : 0), greatest_ + 1);
    return order;
  }

  void plan_round() {
    auto order = order_for(candidates_);
    if (order.roles.size() * order.partitions > max_table_entries) {
      if (!std::exchange(told_too_many_, true))
        note("nothing is placed: " + std::to_string(order.roles.size()) + " roles with "
             + std::to_string(order.partitions) + " partitions are more than a table holds");
      return end_round();
    }
    auto made = plan(table_, order);
    bool bounded = made.waiting > 0 || std::any_of(made.moves.begin(), made.moves.end(), [](auto& m) {
                     return m.why == move_reason::leaving || m.why == move_reason::balance;
                   });
    if (bounded)
      return list_arrived(std::move(order), {}, std::make_shared<std::set<std::string>>());
    finish_plan(order, std::move(made));
  }

  /// Which entries' owners hold the lease, page by page; then plans with what is in transit.
  void list_arrived(placement_order order, std::string after,
                    std::shared_ptr<std::set<std::string>> arrived) {
    request(ports_.store, patience(), list_leases{"partition/", after, max_lease_batch})
        .then(
            [this, order, arrived](const lease_page& page) {
              for (auto& l : page.leases)
                if (l.left.count() > 0)
                  arrived->insert(l.name + " " + l.holder.node + " " + std::to_string(l.holder.incarnation));
              if (page.more && !page.leases.empty())
                return list_arrived(order, page.leases.back().name, arrived);
              auto counted = order;
              counted.in_transit = count_in_transit(*arrived);
              finish_plan(counted, plan(table_, counted));
            },
            [this](const caf::error& reason) { round_failed("list_leases", reason); });
  }

  /// What has not arrived for long does not hold up the others.
  std::map<std::string, std::size_t> count_in_transit(const std::set<std::string>& arrived) {
    auto now = clock().now();
    std::map<std::string, std::size_t> out;
    std::map<table_key, time> unsettled;
    for (auto& e : table_.entries) {
      auto held = partition_lease(e.role, e.partition) + " " + e.owner.node + " "
                  + std::to_string(e.owner.incarnation);
      if (arrived.count(held) != 0)
        continue;
      auto before = unsettled_.find({e.role, e.partition});
      auto since = before == unsettled_.end() ? now : before->second;
      unsettled[{e.role, e.partition}] = since;
      if (now - since <= ttl() * 6)
        ++out[e.role];
    }
    unsettled_ = std::move(unsettled);
    return out;
  }

  void finish_plan(const placement_order& order, placement_plan made) {
    if (!in_office())
      return end_round();
    if (restamp_)
      for (auto& e : made.entries)
        e.epoch = order.epoch;
    if (!must_write_ && made.entries == table_.entries) {
      if (made.waiting == 0)
        planned_for_ = candidates_;
      return end_round();
    }
    pending_write write{order.epoch, std::move(made.entries), {}};
    auto now = clock().now();
    write.events =
        describe_moves(made.moves, [&](const lease_holder& who) { return watch_.why_gone(who, now); });
    unconfirmed_ = write;
    request(ports_.store, patience(), write_table{lease_->epoch(), table_.version, write.entries})
        .then(
            [this, epoch = lease_->epoch()](const table_written& answer) {
              if (!unconfirmed_)
                return end_round(); // the lease was lost meanwhile
              table_ = {answer.version, epoch, unconfirmed_->entries};
              planned_for_.reset();
              wrote(*unconfirmed_);
              unconfirmed_.reset();
              end_round();
            },
            [this](const caf::error& reason) {
              if (is(reason, ec::conflict) || is(reason, ec::unavailable) || is(reason, ec::rejected))
                unconfirmed_.reset(); // after any other the table says whether it was written
              round_failed("write_table", reason);
            });
  }

  struct pending_write {
    std::uint64_t epoch = 0; ///< of what changed
    std::vector<table_entry> entries;
    std::vector<std::string> events;
  };

  void wrote(const pending_write& write) {
    greatest_ = std::max(greatest_, write.epoch);
    must_write_ = restamp_ = false;
    for (auto& what : write.events)
      note(what);
    if (ports_.announce)
      send(ports_.announce, look_at_table{});
  }

  // Queries.

  caf::result<cluster_view> view() {
    auto promise = make_response_promise<cluster_view>();
    cluster_view out;
    out.epoch = table_.epoch;
    out.table_version = table_.version;
    for (auto& e : table_.entries)
      ++out.partitions[e.owner.node];
    out.events.assign(events_.begin(), events_.end());
    out.store_error = store_error_;
    request(ports_.store, patience(), read_leases{{coordinator_lease}})
        .then(
            [this, promise, out](const leases_read& answer) mutable {
              auto& lease = answer.leases.at(0);
              coordinator_ = lease.left.count() > 0 ? lease.holder.node : "";
              out.coordinator = coordinator_;
              promise.deliver(std::move(out));
            },
            [this, promise, out](const caf::error& reason) mutable {
              out.coordinator = coordinator_;
              out.store_error = runtime::describe(reason);
              promise.deliver(std::move(out));
            });
    return promise;
  }

  caf::result<drain_plan> drain(const std::string& node) const {
    if (!table_read_at_)
      return make_error(ec::unavailable, "the partition table has not been read yet");
    if (!watch_.knows(node))
      return make_error(ec::not_found, "there is no member " + node);
    auto order = order_for(watch_.candidates(clock().now()));
    order.live_moves = max_table_entries;
    bool found = false;
    for (auto& [role, members] : watch_.candidates(clock().now()))
      found = found
              || std::any_of(members.begin(), members.end(), [&](auto& m) { return m.holder.node == node; });
    for (auto& [role, members] : order.roles)
      for (auto& m : members)
        m.leaving = m.leaving || m.holder.node == node;
    if (!found)
      return make_error(ec::conflict, node + " is not up");
    auto made = plan(table_, order);
    std::map<std::pair<std::string, std::string>, std::size_t> counts;
    for (auto& m : made.moves)
      if (m.from.node == node)
        ++counts[{m.role, m.to.node}];
    for (auto& e : made.entries)
      if (e.owner.node == node)
        ++counts[{e.role, ""}];
    drain_plan out;
    for (auto& [key, count] : counts)
      out.shares.push_back({key.first, key.second, count});
    return out;
  }

  coordinator_ports ports_;
  const coordinator_options options_;
  member_watch watch_;
  std::minstd_rand random_{std::random_device{}()};
  std::deque<cluster_event> events_;

  std::shared_ptr<const held_lease> lease_;
  std::optional<time> claimed_since_; ///< nothing: given up for a while
  time claim_again_at_{};

  partition_table table_; ///< the latest read or written
  std::optional<time> table_read_at_;
  time settled_at_{};
  std::uint64_t greatest_ = 0; ///< of all entries ever seen
  bool must_write_ = false;    ///< even if nothing moves
  bool restamp_ = false;       ///< the store has gone back: all entries need an epoch that nobody has seen
  std::optional<pending_write> unconfirmed_;
  candidate_map candidates_;                 ///< of this round
  std::optional<candidate_map> planned_for_; ///< the table is as it should be for these
  std::map<table_key, time> unsettled_; ///< entries without their owner's lease, since they were seen first
  unsigned failures_ = 0;
  std::string store_error_, coordinator_;
  bool told_too_many_ = false;
};

} // namespace

caf::actor spawn_coordinator(caf::event_based_actor& parent, actor::placement at, coordinator_ports ports,
                             coordinator_options options) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<table_coordinator>(std::move(at), std::move(ports), std::move(options)));
}

} // namespace tutti::runtime::cluster

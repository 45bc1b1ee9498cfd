#pragma once
#include "runtime/cluster/leases/keeper.hpp"
#include "runtime/cluster/leases/memory/store.hpp"
#include "runtime/cluster/membership/membership.hpp"
#include "runtime/cluster/placement/coordinator.hpp"
#include "runtime/cluster/placement/placement.hpp"
#include "tests/runtime/cluster/leases/virtual_clock.hpp"
#include "tests/runtime/cluster/placement/fakes.hpp"
#include "tests/support/virtual_time.hpp"

#include <optional>

#include <gmock/gmock.h>

namespace tutti::tests::placement {

/// What the fake membership of all nodes goes by.
struct member_facts {
  std::map<std::string, std::vector<std::string>> roles; ///< by node
  std::set<std::pair<std::string, std::string>> cut;     ///< who cannot reach whom
  std::map<std::string, std::set<std::string>> not_yet;  ///< by node: whom it does not know yet
  std::chrono::milliseconds poll = 200ms;
};

/// Holds the lease of its member, and tells the coordinator what the store says of the others.
inline caf::behavior fake_membership(caf::event_based_actor* self, lease_holder me, caf::actor store,
                                     caf::actor keeper, std::shared_ptr<member_facts> facts,
                                     std::shared_ptr<bool> leaving) {
  auto listener = std::make_shared<caf::actor>();
  self->attach_functor([=](const caf::error&) { *listener = nullptr; });
  auto keep = [=] { self->send(keeper, keep_lease{member_lease(me.node), *leaving ? "leaving" : "up", 0}); };
  keep();
  self->send(self, caf::tick_atom::value);
  return {
      [=](subscribe_members) { *listener = caf::actor_cast<caf::actor>(self->current_sender()); },
      [](const lease_gained&) {},
      [](const lease_lost&) {},
      [=](caf::put_atom) { keep(); },
      [=](caf::tick_atom) {
        self->delayed_send(self, facts->poll, caf::tick_atom::value);
        self->request(store, 1s, list_leases{"member/", "", 100})
            .then(
                [=](const lease_page& page) {
                  members_changed out;
                  for (auto& l : page.leases) {
                    member m;
                    m.info.name = l.name.substr(7);
                    m.info.incarnation = l.holder.incarnation;
                    m.info.roles = facts->roles[m.info.name];
                    m.state = l.left.count() == 0    ? member_state::down
                              : l.value == "leaving" ? member_state::leaving
                                                     : member_state::up;
                    m.why = m.state == member_state::down ? "its lease ended" : "";
                    m.reachable = facts->cut.count({me.node, m.info.name}) == 0 && m.info.name != me.node;
                    if (facts->not_yet[me.node].count(m.info.name) == 0)
                      out.members.push_back(std::move(m));
                  }
                  if (*listener)
                    self->send(*listener, std::move(out));
                },
                [](const caf::error&) {});
      },
  };
}

/// Whole nodes but for their entities, over one lease store, on virtual time. After each step no partition
/// may be open on two.
struct PlacementCluster : VirtualTime {
  static constexpr auto ttl = 5s;

  struct node {
    lease_holder me;
    std::shared_ptr<link> line = std::make_shared<link>();       ///< to the lease store
    std::shared_ptr<link> fence_line = std::make_shared<link>(); ///< to the entity store
    std::shared_ptr<leases::virtual_clock> clock;
    std::shared_ptr<host_book> host = std::make_shared<host_book>();
    std::shared_ptr<bool> leaving = std::make_shared<bool>(false);
    std::unique_ptr<runtime::telemetry::metrics> metrics = std::make_unique<runtime::telemetry::metrics>();
    caf::actor keeper, ownership, coordinator, membership;
    std::vector<caf::actor> all; ///< in the order in which they end
  };

  PlacementCluster() {
    store = below([this](auto& self) {
      return spawn_memory_lease_store(self, {&table, "/n/leases", 0, {}}, book,
                                      [this] { return unix_now(); });
    });
    fences = sys.spawn(fence_store, fence_values);
    everyone = sys.spawn([this]() -> caf::behavior {
      return {[this](look_at_table) {
        for (auto& [name, n] : nodes)
          if (hints)
            caf::anon_send(n.ownership, look_at_table{});
      }};
    });
    running.insert(running.end(), {fences, everyone});
  }

  std::chrono::microseconds unix_now() {
    return 1'800'000'000s
           + std::chrono::duration_cast<std::chrono::microseconds>(
               scheduler().clock().now().time_since_epoch());
  }

  caf::actor below(const std::function<caf::actor(caf::event_based_actor&)>& start) {
    caf::actor out;
    sys.spawn([&](caf::event_based_actor* self) { out = start(*self); });
    scheduler().run();
    running.push_back(out);
    return out;
  }

  /// A new incarnation of it.
  node& start(const std::string& name, std::vector<std::string> roles = {"worker"}) {
    facts->roles[name] = std::move(roles);
    auto& n = nodes[name];
    n = {};
    n.me = {name, ++incarnations};
    n.clock = std::make_shared<leases::virtual_clock>(sys);
    n.host->fences = fence_values.get();
    n.host->unconfirmed = &unconfirmed;
    n.host->open_anywhere = &open_anywhere;
    n.host->closing_takes = closing_takes;
    n.line->delay = n.fence_line->delay = delay;
    auto line = [&](const caf::actor& to, const std::shared_ptr<link>& l) {
      auto out = sys.spawn(relay, to, l);
      running.push_back(out);
      n.all.push_back(out);
      return out;
    };
    auto place = [&](const char* what) {
      return runtime::actor::placement{&table, "/" + name + "/" + what, 0, {}};
    };
    auto keeper_line = line(store, n.line), other_line = line(store, n.line);
    auto fence_line = line(fences, n.fence_line);
    lease_store_options leases{ttl};
    n.keeper = below([&](auto& self) {
      return spawn_lease_keeper(self, place("keeper"), keeper_line, {n.me, leases, n.clock}, *n.metrics);
    });
    n.membership = sys.spawn(fake_membership, n.me, other_line, n.keeper, facts, n.leaving);
    auto host = sys.spawn(fake_host, n.host);
    n.ownership = below([&](auto& self) {
      return spawn_ownership(self, place("ownership"), {other_line, n.keeper, fence_line, host, everyone},
                             {n.me, leases}, *n.metrics);
    });
    n.coordinator = below([&](auto& self) {
      return spawn_coordinator(self, place("coordinator"), {other_line, n.keeper, n.membership, everyone},
                               {n.me, partitions, {"worker", "audio", "shard", "api"}, leases});
    });
    running.insert(running.end(), {n.membership, host});
    n.all.insert(n.all.begin(), {n.keeper, n.coordinator, n.ownership, n.membership, host});
    return n;
  }

  /// Its leases stay until they end.
  void kill(const std::string& name) {
    auto& n = nodes.at(name);
    n.line->is = n.fence_line->is = link::state::deaf;
    for (auto& a : n.all)
      client->send_exit(a, caf::exit_reason::kill);
    scheduler().run();
    nodes.erase(name);
  }

  void leave(const std::string& name, bool leaving = true) {
    *nodes.at(name).leaving = leaving;
    caf::anon_send(nodes.at(name).membership, caf::put_atom::value);
  }

  void run_for(std::chrono::milliseconds duration, std::chrono::milliseconds step = 20ms) {
    for (auto left = duration; left > 0ms; left -= step) {
      VirtualTime::run_for(std::min(left, step), step);
      check_single_owners();
    }
  }
  /// Returns how long it took; fails after `most`.
  std::chrono::milliseconds run_until(const std::function<bool()>& done, std::chrono::milliseconds most) {
    auto took = 0ms;
    for (; !done() && took < most; took += 20ms)
      run_for(20ms);
    EXPECT_TRUE(done());
    return took;
  }

  void check_single_owners() {
    std::map<part, std::string> owners;
    for (auto& [name, n] : nodes)
      for (auto& [p, lease] : n.host->open)
        if (lease->holds()) {
          auto [i, first] = owners.emplace(p, name);
          ASSERT_TRUE(first) << p.first << '/' << p.second << " is open on " << i->second << " and " << name;
        }
  }

  std::size_t open_on(const std::string& name) {
    std::size_t out = 0;
    for (auto& [p, lease] : nodes.at(name).host->open)
      out += lease->holds() ? 1 : 0;
    return out;
  }
  bool all_open() {
    std::size_t open = 0;
    for (auto& [name, n] : nodes)
      open += open_on(name);
    std::set<std::string> roles;
    for (auto& [name, n] : nodes)
      roles.insert(facts->roles[name].begin(), facts->roles[name].end());
    return open == roles.size() * partitions;
  }
  /// Open where the table says, evenly over the nodes, of which all have all roles.
  bool settled() {
    auto t = current();
    for (auto& e : t.entries) {
      auto n = nodes.find(e.owner.node);
      if (n == nodes.end() || n->second.me != e.owner
          || n->second.host->open.count({e.role, e.partition}) == 0)
        return false;
    }
    std::size_t least = t.entries.size(), most = 0;
    for (auto& [name, n] : nodes)
      if (!*n.leaving) {
        least = std::min(least, open_on(name));
        most = std::max(most, open_on(name));
      }
    return all_open() && most - least <= 1;
  }

  partition_table current() { return book->table({0}).changed.value_or(partition_table{}); }
  /// Partitions that the second table gives to somebody else.
  static std::size_t moved(const partition_table& from, const partition_table& to) {
    std::map<part, lease_holder> owners;
    for (auto& e : from.entries)
      owners[{e.role, e.partition}] = e.owner;
    std::size_t out = 0;
    for (auto& e : to.entries)
      out += owners[{e.role, e.partition}] == e.owner ? 0 : 1;
    return out;
  }
  lease_state lease(const std::string& name) { return book->read({{name}}, unix_now()).leases.at(0); }
  std::string coordinator() {
    auto l = lease(coordinator_lease);
    return l.left.count() > 0 ? l.holder.node : "";
  }

  /// What a node's coordinator answers.
  template <class Answer, class Query>
  std::optional<Answer> ask(const std::string& node, Query query, caf::error* error = nullptr) {
    auto out = std::make_shared<std::optional<Answer>>();
    auto refused = std::make_shared<caf::error>();
    auto asker = sys.spawn([=, to = nodes.at(node).coordinator](caf::event_based_actor* self) {
      self->request(to, 10s, query)
          .then([=](const Answer& a) { *out = a; }, [=](const caf::error& e) { *refused = e; });
    });
    run_for(100ms);
    if (error != nullptr)
      *error = *refused;
    return *out;
  }
  std::vector<std::string> events(const std::string& node) {
    std::vector<std::string> out;
    if (auto view = ask<cluster_view>(node, get_cluster_view{}))
      for (auto& e : view->events)
        out.push_back(e.what);
    return out;
  }

  std::uint32_t partitions = 32;
  std::function<std::chrono::milliseconds()> delay = [] { return 0ms; }, closing_takes = [] { return 0ms; };
  runtime::actor::actor_table table{"n"};
  std::shared_ptr<memory::lease_book> book = std::make_shared<memory::lease_book>(ttl);
  std::shared_ptr<fence_map> fence_values = std::make_shared<fence_map>();
  std::shared_ptr<member_facts> facts = std::make_shared<member_facts>();
  std::multiset<part> open_anywhere;
  std::size_t unconfirmed = 0; ///< of all hosts; meaningless after faults
  bool hints = true;           ///< look_at_table arrives
  caf::actor store, fences, everyone;
  std::map<std::string, node> nodes;
  std::uint64_t incarnations = 0;
};

} // namespace tutti::tests::placement

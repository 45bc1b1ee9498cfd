#pragma once
#include "runtime/cluster/membership/membership.hpp"
#include "runtime/entity/remote/peer_link.hpp"
#include "runtime/entity/remote/router.hpp"
#include "tests/runtime/cluster/leases/virtual_clock.hpp"
#include "tests/runtime/entity/fixture.hpp"

#include <set>

namespace tutti::tests::entities {

/// Two or more nodes in one actor system; the frames go from router to router without a network. Everything
/// is owned by the node that the table names, under epoch 1.
struct Nodes : VirtualTime {
  static constexpr std::uint32_t partitions = 4;

  struct node {
    std::string name;
    telemetry::metrics metrics;
    actor::actor_table table;
    entity::entity_types types;
    std::shared_ptr<store_script> script = std::make_shared<store_script>();
    std::shared_ptr<entity::directory> entities;
    caf::actor states, router, host;
    std::shared_ptr<leases::virtual_clock> clock;
    std::unique_ptr<entity::entity_refs> refs;
    explicit node(std::string n) : name(std::move(n)), table(name) {}
  };

  std::map<std::string, std::unique_ptr<node>> nodes;

  node& start(const std::string& name, entity::entity_type type = define_notebook(),
              entity::directory_bounds bounds = {}) {
    auto& n = *(nodes[name] = std::make_unique<node>(name));
    n.types.add(std::move(type));
    n.entities = std::make_shared<entity::directory>(n.types, partitions, bounds);
    n.refs = std::make_unique<entity::entity_refs>(sys, n.types, n.entities);
    n.states = sys.spawn(scripted_store, n.script);
    n.clock = std::make_shared<leases::virtual_clock>(sys);
    sys.spawn([this, &n](caf::event_based_actor* parent) {
      n.router = entity::spawn_router(*parent, {&n.table, "/router", 0, {}}, n.types, n.entities, n.clock);
      n.host = entity::spawn_entity_host(*parent, {&n.table, "/entities", 0, {}}, n.types, n.entities,
                                         {n.name, n.states, n.router}, n.metrics);
    });
    run();
    running.insert(running.end(), {n.states, n.router, n.host});
    return n;
  }
  node& at(const std::string& name) { return *nodes.at(name); }

  /// `who` hears that `peer` is connected.
  void up(const std::string& who, const std::string& peer, std::uint64_t incarnation = 1) {
    cluster::member_info info;
    info.name = peer;
    info.incarnation = incarnation;
    client->send(at(who).router, cluster::peer_up{info, at(peer).router});
    run();
  }
  void down(const std::string& who, const std::string& peer, std::uint64_t incarnation = 1) {
    client->send(at(who).router, cluster::peer_down{peer, incarnation, make_error(ec::unavailable, "cut")});
    run();
  }
  void connect(const std::string& one, const std::string& other) {
    up(one, other);
    up(other, one);
  }
  /// `who` believes that `owner` owns everything.
  void believe(const std::string& who, const std::string& owner) {
    auto table = std::make_shared<cluster::partition_table>();
    if (!owner.empty())
      for (std::uint32_t p = 0; p < partitions; ++p)
        table->entries.push_back({"worker", p, {owner, 1}, 1});
    client->send(at(who).router, cluster::table_changed{table});
    run();
  }
  void open(const std::string& who, std::uint64_t epoch = 1) {
    auto clock = cluster::lease_clock::boot();
    for (std::uint32_t p = 0; p < partitions; ++p) {
      at(who).script->book.raise({{{"worker", p, epoch}}});
      client->send(at(who).host, cluster::partition_opened{"worker", p,
                                                           std::make_shared<cluster::held_lease>(
                                                               "x", epoch, clock->now() + 24h, clock)});
    }
    run();
  }
  /// a asks, b owns.
  void two() {
    start("a");
    start("b");
    connect("a", "b");
    believe("a", "b");
    believe("b", "b");
    open("b");
  }

  template <class Reply, class Make>
  asked<Reply> request(Make make) {
    return request_by<Reply>(sys, make);
  }
  template <class Reply = lines, class Message>
  asked<Reply> ask(const std::string& from, const std::string& key, Message m,
                   std::chrono::milliseconds timeout = 2s) {
    return request<Reply>(
        [=, ref = at(from).refs->ref("notebook", key)](auto* self) { return ref.ask(self, m, timeout); });
  }
  asked<entity::json_reply> ask_node(const std::string& from, const std::string& node,
                                     const std::string& service, std::chrono::milliseconds timeout = 1s) {
    return request<entity::json_reply>([=, router = at(from).router](auto* self) {
      return self->request(router, 60s, entity::ask_node{node, service, "{}", timeout});
    });
  }
};

} // namespace tutti::tests::entities

#pragma once
#include "runtime/cluster/placement/ownership.hpp"
#include "runtime/entity/entity_ref.hpp"
#include "runtime/entity/host.hpp"
#include "tests/runtime/cluster/leases/virtual_clock.hpp"
#include "tests/runtime/entity/notebook.hpp"
#include "tests/runtime/entity/scripted_store.hpp"
#include "tests/support/virtual_time.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tutti::tests::entities {

using namespace runtime;
using namespace std::chrono_literals;

/// What came of one request.
template <class Reply>
struct outcome {
  std::optional<Reply> value;
  caf::error error;
  bool done = false;
  caf::actor_clock::time_point at; ///< when it was done

  bool failed(ec code) const { return done && !value && is(error, code); }
};
template <class Reply>
using asked = std::shared_ptr<outcome<Reply>>;

/// Has an actor of its own request what `make(self)` says; noted when it is answered.
template <class Reply, class Make>
asked<Reply> request_by(caf::actor_system& sys, Make make) {
  auto out = std::make_shared<outcome<Reply>>();
  sys.spawn([=](caf::event_based_actor* self) {
    auto end = [=] {
      out->done = true;
      out->at = self->clock().now();
    };
    make(self).then(
        [=](Reply& got) {
          out->value = std::move(got);
          end();
        },
        [=](caf::error& e) {
          out->error = std::move(e);
          end();
        });
  });
  return out;
}

/// One node's entities on virtual time, with a store that does what the test says.
struct Entities : VirtualTime {
  static constexpr std::uint32_t partitions = 8;

  telemetry::metrics metrics;
  actor::actor_table table{"a"};
  entity::entity_types types;
  std::shared_ptr<store_script> script = std::make_shared<store_script>();
  std::shared_ptr<leases::virtual_clock> lease_time = std::make_shared<leases::virtual_clock>(sys);
  std::map<std::uint32_t, std::shared_ptr<cluster::held_lease>> held;
  std::shared_ptr<entity::directory> entities;
  caf::actor states, host;
  std::unique_ptr<entity::entity_refs> refs;
  std::uint64_t random_id = 0;
  std::function<store::unix_ms()> wall_now = [this] { // goes with the virtual clock
    auto now = scheduler().clock().now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  };

  /// After types.add().
  void start(entity::directory_bounds bounds = {}) {
    entities = std::make_shared<entity::directory>(types, partitions, bounds);
    refs = std::make_unique<entity::entity_refs>(sys, types, entities);
    states = sys.spawn(scripted_store, script);
    sys.spawn([this](caf::event_based_actor* parent) {
      host = entity::spawn_entity_host(*parent, {&table, "/a/entities", 0, {}}, types, entities,
                                       {"a", states, {}, wall_now}, metrics);
    });
    run();
    running = {states, host};
  }
  void start_all() {
    types.add(define_notebook());
    start();
    open_all();
  }

  void open(std::uint32_t p, std::uint64_t epoch = 1, std::chrono::nanoseconds good_for = 24h) {
    script->book.raise({{{"worker", p, epoch}}});
    held[p] = std::make_shared<cluster::held_lease>("partition/worker/" + std::to_string(p), epoch,
                                                    lease_time->now() + good_for, lease_time);
    client->send(host, cluster::partition_opened{"worker", p, held[p]});
    run();
  }
  void open_all(std::uint64_t epoch = 1) {
    for (std::uint32_t p = 0; p < partitions; ++p)
      open(p, epoch);
  }
  void lose(std::uint32_t p, std::uint64_t epoch = 1) {
    client->send(host, cluster::partition_lost{"worker", p, epoch});
    run();
  }
  /// What the store has held back.
  void release() {
    client->send(states, release_held::value);
    run();
  }
  asked<cluster::partition_closed> close(std::uint32_t p) {
    auto out = request<cluster::partition_closed>([=, this](auto* self) {
      return self->request(host, 60s, cluster::close_partition{"worker", p});
    });
    run();
    return out;
  }

  /// `make(self)` requests.
  template <class Reply, class Make>
  asked<Reply> request(Make make) {
    return request_by<Reply>(sys, make);
  }
  /// Asks when run() is called.
  template <class Reply = lines, class Message>
  asked<Reply> ask(const std::string& key, Message m, std::chrono::milliseconds timeout = 2s) {
    return request<Reply>(
        [=, ref = refs->ref("notebook", key)](auto* self) { return ref.ask(self, m, timeout); });
  }
  asked<entity::json_reply> inspect(const std::string& key) {
    return ask<entity::json_reply>(key, entity::inspect_entity{}, 1s);
  }
  /// Asks, runs, and expects an answer.
  std::vector<std::string> lines_of(const std::string& key) {
    auto got = ask(key, peek{});
    run();
    EXPECT_TRUE(got->value) << describe(got->error);
    return got->value ? got->value->all : std::vector<std::string>{};
  }
  std::uint32_t partition(const std::string& key) {
    return entity::partition_of("notebook", key, partitions);
  }
  /// As another owner would leave it.
  void stored(const std::string& key, std::vector<std::string> all, std::uint64_t version = 0,
              bool remember = false) {
    auto p = partition(key);
    auto epoch = held.count(p) ? held[p]->epoch() : script->book.raise({{{"worker", p, 1}}}).standing[0];
    store::save_state order;
    order.name = {"notebook", key};
    order.role = "worker";
    order.partition = p;
    order.epoch = epoch;
    order.version = version;
    order.id = ++random_id;
    order.bytes = wire::encode(notebook{std::move(all)});
    order.remember = remember;
    EXPECT_TRUE(script->book.save(std::move(order)));
  }
  void TearDown() override {
    VirtualTime::TearDown();
    EXPECT_EQ(live(), 0u) << "no entity outlives the host";
    EXPECT_TRUE(!entities || entities->waiting() == 0);
  }
  std::uint64_t live() {
    for (auto& t : table.totals())
      if (t.name == "notebook")
        return t.live;
    return 0;
  }
  std::uint64_t messages() {
    for (auto& t : table.totals())
      if (t.name == "notebook")
        return t.messages;
    return 0;
  }
};

using texts = std::vector<std::string>;

} // namespace tutti::tests::entities

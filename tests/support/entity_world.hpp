#pragma once
#include "runtime/cluster/placement/ownership.hpp"
#include "runtime/entity/entity_ref.hpp"
#include "runtime/entity/host.hpp"
#include "runtime/error.hpp"
#include "runtime/store/memory/store.hpp"
#include "tests/support/virtual_time.hpp"

#include <memory>
#include <string>
#include <utility>

#include <caf/expected.hpp>

namespace tutti::tests {

/// A fixture for tests of one entity type: a node that owns all partitions, on virtual time, with a memory
/// store.
struct EntityWorld : VirtualTime {
  runtime::telemetry::metrics metrics;
  runtime::actor::actor_table table{"a"};
  runtime::entity::entity_types types;
  std::shared_ptr<runtime::store::memory::entity_book> book =
      std::make_shared<runtime::store::memory::entity_book>();
  std::shared_ptr<runtime::entity::directory> entities;
  std::unique_ptr<runtime::entity::entity_refs> refs;
  std::string type;
  std::uint64_t epoch = 0;

  void start(runtime::entity::entity_type of) {
    type = of.name;
    types.add(std::move(of));
    restart();
  }
  /// As when the node is lost: another owner, the same store.
  void restart() {
    VirtualTime::TearDown();
    constexpr std::uint32_t partitions = 4;
    entities = std::make_shared<runtime::entity::directory>(types, partitions);
    refs = std::make_unique<runtime::entity::entity_refs>(sys, types, entities);
    caf::actor host;
    sys.spawn([&](caf::event_based_actor* parent) {
      auto states = runtime::store::spawn_memory_entity_store(*parent, {&table, "/a/states", 0, {}}, book);
      host = runtime::entity::spawn_entity_host(*parent, {&table, "/a/entities", 0, {}}, types, entities,
                                                {"a", states, {}}, metrics);
      running = {states, host};
    });
    run();
    auto& role = types.find(type)->role;
    auto clock = runtime::cluster::lease_clock::boot();
    ++epoch;
    for (std::uint32_t p = 0; p < partitions; ++p) {
      book->raise({{{role, p, epoch}}});
      auto lease = std::make_shared<runtime::cluster::held_lease>("test", epoch,
                                                                  std::chrono::nanoseconds::max(), clock);
      client->send(host, runtime::cluster::partition_opened{role, p, std::move(lease)});
    }
    run();
  }
  /// The reply, or the error.
  template <class Reply, class Message>
  caf::expected<Reply> ask(const std::string& key, Message message) {
    caf::expected<Reply> out{runtime::make_error(runtime::ec::timeout, "no answer yet")};
    sys.spawn([&out, message, ref = refs->ref(type, key)](caf::event_based_actor* self) {
      ref.ask(self, message, std::chrono::seconds{10})
          .then([&](Reply& got) { out = std::move(got); }, [&](caf::error& e) { out = std::move(e); });
    });
    run_for(std::chrono::seconds{10}, std::chrono::milliseconds{100});
    return out;
  }
};

} // namespace tutti::tests

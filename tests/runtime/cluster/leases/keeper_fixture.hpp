#pragma once
#include "runtime/cluster/leases/keeper.hpp"
#include "runtime/cluster/leases/memory/store.hpp"
#include "tests/runtime/cluster/leases/virtual_clock.hpp"
#include "tests/support/virtual_time.hpp"

#include <optional>
#include <vector>

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/error.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/result.hpp>
#include <caf/send.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::tests::leases {

/// To an owner: to drop its lease, and to note what came of it.
struct drop_order {
  caf::actor keeper;
  std::string name;
  std::shared_ptr<std::optional<caf::error>> outcome;
  bool run_out = false;
};

} // namespace tutti::tests::leases

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::tests::leases::drop_order)

namespace tutti::tests::leases {

using namespace runtime::cluster;
using namespace std::chrono_literals;

/// Lies between keepers and the memory store.
struct wire {
  enum class state { up, cut, deaf, mute }; ///< refuses; never answers; does it and never answers
  state is = state::up;
  std::vector<std::size_t> renewals; ///< leases in each
  std::vector<acquire_leases> acquires;
  std::size_t releases = 0;
};

inline caf::behavior forwarder(caf::event_based_actor* self, caf::actor to, std::shared_ptr<wire> w) {
  auto pass = [=](auto message, auto answer) -> caf::result<decltype(answer)> {
    using answer_type = decltype(answer);
    auto promise = self->make_response_promise<answer_type>();
    if (w->is == wire::state::cut)
      promise.deliver(runtime::make_error(runtime::ec::unavailable, "cut"));
    else if (w->is != wire::state::deaf)
      self->request(to, 60s, message)
          .then(
              [=](answer_type& got) mutable {
                if (w->is != wire::state::mute)
                  promise.deliver(std::move(got));
              },
              [=](caf::error& e) mutable { promise.deliver(std::move(e)); });
    return promise;
  };
  return {
      [=](const acquire_leases& m) {
        w->acquires.push_back(m);
        return pass(m, leases_acquired{});
      },
      [=](const renew_leases& m) {
        w->renewals.push_back(m.leases.size());
        return pass(m, leases_renewed{});
      },
      [=](const release_leases& m) {
        ++w->releases;
        return pass(m, leases_released{});
      },
  };
}

/// What an owner was told.
struct told {
  std::vector<std::shared_ptr<const held_lease>> gained;
  std::vector<lease_lost> lost;
  bool holds() const { return !gained.empty() && gained.back()->holds(); }
};

inline caf::behavior listener(caf::event_based_actor* self, std::shared_ptr<told> out) {
  return {
      [=](const drop_order& order) {
        auto outcome = order.outcome;
        self->request(order.keeper, 60s, drop_lease{order.name, order.run_out})
            .then([=](const lease_dropped&) { *outcome = caf::error{}; },
                  [=](const caf::error& e) { *outcome = e; });
      },
      [=](const lease_gained& g) { out->gained.push_back(g.lease); },
      [=](const lease_lost& l) { out->lost.push_back(l); },
  };
}

/// Two nodes that want the same.
struct LeaseKeeper : VirtualTime {
  static constexpr auto ttl = 5s;

  struct node {
    caf::actor keeper;
    std::shared_ptr<wire> line = std::make_shared<wire>();
    std::shared_ptr<virtual_clock> clock;
  };
  struct owner {
    caf::actor handle;
    std::shared_ptr<told> in = std::make_shared<told>();
  };

  LeaseKeeper() {
    below([this](auto& self) {
      store = spawn_memory_lease_store(self, {&table, "/n/leases", 0, {}}, book, [this] {
        return 1'800'000'000s
               + std::chrono::duration_cast<std::chrono::microseconds>(
                   scheduler().clock().now().time_since_epoch());
      });
      return store;
    });
  }

  void below(const std::function<caf::actor(caf::event_based_actor&)>& start) {
    sys.spawn([&](caf::event_based_actor* self) { running.push_back(start(*self)); });
    run();
  }

  node start_node(const std::string& name, std::uint64_t incarnation) {
    node out;
    out.clock = std::make_shared<virtual_clock>(sys);
    auto line = sys.spawn(forwarder, store, out.line);
    running.push_back(line);
    below([&](auto& self) {
      out.keeper = spawn_lease_keeper(self, {&table, "/n/keeper", 0, {}}, line,
                                      {{name, incarnation}, {ttl}, out.clock}, metrics);
      return out.keeper;
    });
    return out;
  }

  owner start_owner() {
    owner out;
    out.handle = sys.spawn(listener, out.in);
    running.push_back(out.handle);
    return out;
  }

  void keep(const node& n, const owner& o, const std::string& name, const std::string& value = "") {
    caf::send_as(o.handle, n.keeper, keep_lease{name, value, 0});
    run();
  }
  /// As the owner; what came of it.
  std::shared_ptr<std::optional<caf::error>> drop(const node& n, const owner& o, const std::string& name,
                                                  bool run_out = false) {
    auto out = std::make_shared<std::optional<caf::error>>();
    caf::anon_send(o.handle, drop_order{n.keeper, name, out, run_out});
    run();
    return out;
  }
  lease_state state(const std::string& name) {
    auto now =
        1'800'000'000s
        + std::chrono::duration_cast<std::chrono::microseconds>(scheduler().clock().now().time_since_epoch());
    return book->read({{name}}, now).leases.at(0);
  }
  std::uint64_t renewals(const char* outcome) {
    return metrics
        .add_counter("tutti_lease_renewals_total", "Leases in renewals, by outcome", {{"outcome", outcome}})
        .value();
  }

  runtime::actor::actor_table table{"n"};
  runtime::telemetry::metrics metrics;
  std::shared_ptr<memory::lease_book> book = std::make_shared<memory::lease_book>(ttl);
  caf::actor store;
};

} // namespace tutti::tests::leases

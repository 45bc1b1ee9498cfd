// What an entity costs beside the same actor on bare CAF. usage: entity_bench ask | activation | memory [COUNT]
#include "runtime/actor/scheduling.hpp"
#include "runtime/cluster/placement/ownership.hpp"
#include "runtime/entity/define.hpp"
#include "runtime/entity/entity_ref.hpp"
#include "runtime/entity/host.hpp"
#include "tests/bench/bench.hpp"

#include <cstdlib>
#include <cstring>
#include <future>
#include <memory>
#include <string>

#include <caf/all.hpp>

namespace tutti::bench {

struct add {
  std::int64_t by = 1;
};
struct sum {
  std::int64_t value = 0;
};
template <class F>
void fields(F& f, add& x) {
  f("by", x.by);
}
template <class F>
void fields(F& f, sum& x) {
  f("value", x.value);
}

} // namespace tutti::bench

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::bench::add)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::bench::sum)

namespace {

using namespace tutti;
using namespace tutti::bench;
using namespace tutti::runtime;
using namespace std::chrono_literals;

constexpr std::uint32_t partitions = 256;

struct state {
  static constexpr const char* name = "counter";
  state() = default;
  std::int64_t value = 0;
};
template <class F>
void fields(F& f, state& x) {
  f("value", x.value);
}

struct bare_config : caf::actor_system_config {
  bare_config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{2});
    set("scheduler.max-throughput", std::size_t{300});
  }
};
struct our_config : caf::actor_system_config {
  our_config() { actor::use_shared_queue(*this, 2, 300); }
};

caf::behavior bare(caf::stateful_actor<state>* self) {
  return {[self](const add& m) { return sum{self->state.value += m.by}; }};
}

/// A node's entities without a cluster: everything is open here.
struct local_node {
  telemetry::metrics metrics;
  actor::actor_table table{"a"};
  entity::entity_types types;
  std::shared_ptr<entity::directory> entities;
  our_config cfg;
  std::unique_ptr<caf::actor_system> sys;
  std::unique_ptr<entity::entity_refs> refs;
  caf::actor host;

  local_node() {
    using counter = entity::entity<state>;
    types.add(entity::define<state>("counter", "worker", "")
                  .read<add>("add", [](const counter& s, const add& m) {
                    return sum{const_cast<counter&>(s).state.value += m.by}; // nothing is to be saved here
                  }));
    entities = std::make_shared<entity::directory>(types, partitions);
    sys = std::make_unique<caf::actor_system>(cfg);
    host = sys->spawn([this](caf::event_based_actor* parent) -> caf::behavior {
      auto h = entity::spawn_entity_host(*parent, {&table, "/a/entities", 0, {}}, types, entities, {"a", {}, {}}, metrics);
      auto clock = cluster::lease_clock::boot();
      for (std::uint32_t p = 0; p < partitions; ++p)
        parent->send(h, cluster::partition_opened{"worker", p, std::make_shared<cluster::held_lease>("x", 1, clock->now() + 24h, clock)});
      return {[h](caf::get_atom) { return h; }};
    });
    refs = std::make_unique<entity::entity_refs>(*sys, types, entities);
    caf::scoped_actor self{*sys};
    caf::actor made;
    self->request(host, caf::infinite, caf::get_atom_v).receive([&](caf::actor& h) { made = h; }, [](caf::error&) { std::abort(); });
    self->send_exit(host, caf::exit_reason::user_shutdown);
    host = made;
  }
  ~local_node() {
    caf::anon_send_exit(host, caf::exit_reason::kill);
    host = nullptr;
    refs.reset();
    sys->await_actors_before_shutdown(false);
    sys.reset();
  }
};

/// Keeps `window` requests open until `total` are answered. `ask(self, n)` makes one.
template <class Ask>
caf::behavior asker(caf::event_based_actor* self, std::size_t total, std::size_t window, Ask ask, std::promise<void>* done) {
  struct progress {
    std::size_t sent = 0, answered = 0;
  };
  auto p = std::make_shared<progress>();
  auto next = std::make_shared<std::function<void()>>();
  *next = [=] {
    if (p->sent == total)
      return;
    ask(self, p->sent++).then(
        [=](const sum&) {
          if (++p->answered == total) {
            done->set_value();
            *next = nullptr;
            self->quit();
          } else {
            (*next)();
          }
        },
        [](const caf::error& e) {
          std::fprintf(stderr, "an ask failed: %s\n", describe(e).c_str());
          std::exit(1);
        });
  };
  for (std::size_t i = 0; i < window; ++i)
    (*next)();
  return {[](caf::ok_atom) {}};
}

template <class Ask>
double rate_of(caf::actor_system& sys, std::size_t total, std::size_t window, Ask ask) {
  std::promise<void> done;
  auto began = std::chrono::steady_clock::now();
  sys.spawn([&](caf::event_based_actor* self) { return asker(self, total, window, ask, &done); });
  done.get_future().wait();
  return static_cast<double>(total) / std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void ask(std::size_t total, std::size_t window) {
  double b, o;
  {
    bare_config cfg;
    caf::actor_system sys{cfg};
    auto a = sys.spawn(bare);
    b = rate_of(sys, total, window, [a](auto* self, std::size_t) { return self->request(a, 2s, add{}); });
    caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
  }
  {
    local_node node;
    auto ref = node.refs->ref("counter", "one");
    o = rate_of(*node.sys, total, window, [ref](auto* self, std::size_t) { return ref.ask(self, add{}, 2s); });
  }
  std::printf("ask local, %zu outstanding: bare %.0f/s, entity %.0f/s, ratio %.2f\n", window, b, o, o / b);
}

void activation(std::size_t total) {
  double b, o;
  {
    bare_config cfg;
    caf::actor_system sys{cfg};
    std::vector<caf::actor> made;
    made.reserve(total);
    b = rate_of(sys, total, 64, [&](auto* self, std::size_t) {
      made.push_back(sys.spawn(bare));
      return self->request(made.back(), 30s, add{});
    });
    for (auto& a : made)
      caf::anon_send_exit(a, caf::exit_reason::kill);
  }
  {
    local_node node;
    o = rate_of(*node.sys, total, 64, [&](auto* self, std::size_t n) {
      return node.refs->ref("counter", std::to_string(700000000000000000 + n)).ask(self, add{}, 30s);
    });
  }
  std::printf("activation: bare spawn %.0f/s, entity %.0f/s, ratio %.2f\n", b, o, o / b);
}

void memory(std::size_t total) {
  double b, o;
  {
    bare_config cfg;
    caf::actor_system sys{cfg};
    std::vector<caf::actor> made;
    made.reserve(total);
    auto before = resident_bytes();
    for (std::size_t i = 0; i < total; ++i)
      made.push_back(sys.spawn(bare));
    b = double(resident_bytes() - before) / double(total);
    for (auto& a : made)
      caf::anon_send_exit(a, caf::exit_reason::kill);
    made.clear();
  }
  {
    local_node node;
    auto before = resident_bytes();
    rate_of(*node.sys, total, 64, [&](auto* self, std::size_t n) {
      return node.refs->ref("counter", std::to_string(700000000000000000 + n)).ask(self, add{}, 2s);
    });
    o = double(resident_bytes() - before) / double(total);
  }
  std::printf("idle, %zu: bare %.0f B, entity %.0f B, ratio %.2f\n", total, b, o, o / b);
}

} // namespace

int main(int argc, char** argv) {
  std::string_view what = argc > 1 ? argv[1] : "ask";
  std::size_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  if (what == "ask") {
    ask(count ? count : 500'000, 64);
    ask(count ? count : 200'000, 1);
  } else if (what == "activation") {
    activation(count ? count : 200'000);
  } else if (what == "memory") {
    memory(count ? count : 300'000);
  } else {
    std::fprintf(stderr, "usage: entity_bench ask | activation | memory [COUNT]\n");
    return 2;
  }
}

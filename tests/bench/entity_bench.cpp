// What an entity costs beside the same actor on bare CAF. usage: entity_bench ask | activation | memory |
// remote [COUNT]
#include "runtime/actor/scheduling.hpp"
#include "runtime/cluster/membership/membership.hpp"
#include "runtime/cluster/placement/ownership.hpp"
#include "runtime/entity/define.hpp"
#include "runtime/entity/entity_ref.hpp"
#include "runtime/entity/host.hpp"
#include "runtime/entity/remote/router.hpp"
#include "tests/bench/bench.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <sys/prctl.h>
#include <sys/wait.h>

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

void both(const char* figure, double bare, double entity, const char* unit) {
  report(figure, "bare", bare, unit);
  report(figure, "entity", entity, unit);
}

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
  std::promise<void> up;
  caf::actor host, router;

  explicit local_node(const std::string& name = "a", bool owner = true, bool network = false) : table{name} {
    if (network)
      cfg.load<caf::io::middleman>();
    using counter = entity::entity<state>;
    types.add(
        entity::define<state>("counter", "worker", "").read<add>("add", [](const counter& s, const add& m) {
          return sum{const_cast<counter&>(s).state.value += m.by}; // nothing is to be saved here
        }));
    entities = std::make_shared<entity::directory>(types, partitions);
    sys = std::make_unique<caf::actor_system>(cfg);
    sys->spawn([&](caf::event_based_actor* parent) {
      router = entity::spawn_router(*parent, {&table, "/router", 0, {}}, types, entities);
      host = entity::spawn_entity_host(*parent, {&table, "/entities", 0, {}}, types, entities,
                                       {name, {}, router}, metrics);
      up.set_value();
    });
    up.get_future().wait();
    if (owner) {
      auto clock = cluster::lease_clock::boot();
      for (std::uint32_t p = 0; p < partitions; ++p)
        caf::anon_send(
            host, cluster::partition_opened{
                      "worker", p, std::make_shared<cluster::held_lease>("x", 1, clock->now() + 24h, clock)});
    }
    refs = std::make_unique<entity::entity_refs>(*sys, types, entities);
  }
  ~local_node() {
    caf::anon_send_exit(host, caf::exit_reason::kill);
    caf::anon_send_exit(router, caf::exit_reason::kill);
    host = router = nullptr;
    refs.reset();
    sys->await_actors_before_shutdown(false);
    sys.reset();
  }
};

/// Keeps `window` requests open until `total` are answered. `ask(self, n)` makes one.
template <class Reply, class Ask>
caf::behavior asker(caf::event_based_actor* self, std::size_t total, std::size_t window, Ask ask,
                    std::promise<void>* done) {
  struct progress {
    std::size_t sent = 0, answered = 0;
  };
  auto p = std::make_shared<progress>();
  auto next = std::make_shared<std::function<void()>>();
  *next = [=] {
    if (p->sent == total)
      return;
    ask(self, p->sent++)
        .then(
            [=](const Reply&) {
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

template <class Reply = sum, class Ask>
double rate_of(caf::actor_system& sys, std::size_t total, std::size_t window, Ask ask) {
  std::promise<void> done;
  auto began = std::chrono::steady_clock::now();
  sys.spawn([&](caf::event_based_actor* self) { return asker<Reply>(self, total, window, ask, &done); });
  done.get_future().wait();
  return static_cast<double>(total)
         / std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
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
    o = rate_of(*node.sys, total, window,
                [ref](auto* self, std::size_t) { return ref.ask(self, add{}, 2s); });
  }
  both(window == 1 ? "ask_local_1" : "ask_local_64", b, o, "1/s");
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
  both("activation", b, o, "1/s");
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
  both("idle_resident", b, o, "B");
}

using meet_atom = caf::atom_constant<caf::atom("meet")>;
using echo_atom = caf::atom_constant<caf::atom("echo")>;

/// The other process: an owner of everything, and a bare actor, behind one published door.
int serve(int port_pipe) {
  local_node node{"b", true, true};
  auto bare_echo = node.sys->spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](echo_atom, std::int64_t by) { return by; },
            [n = std::int64_t{0}](std::int64_t by) mutable { n += by; }};
  });
  auto door = node.sys->spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {[=, router = node.router](meet_atom, caf::actor peer) {
              cluster::member_info info;
              info.name = "a";
              info.incarnation = 1;
              self->send(router, cluster::peer_up{info, peer});
              return router;
            },
            [=](echo_atom) { return bare_echo; }};
  });
  auto port = node.sys->middleman().publish(door, 0, "127.0.0.1");
  std::uint16_t number = port ? *port : 0;
  if (write(port_pipe, &number, sizeof number) != sizeof number)
    return 1;
  ::pause();
  return 0;
}

struct latencies {
  std::vector<double> us;
  double at(double q) {
    std::sort(us.begin(), us.end());
    return us[static_cast<std::size_t>(q * double(us.size() - 1))];
  }
};

template <class Ask, class Reply>
latencies ping(caf::actor_system& sys, std::size_t total, Ask ask, Reply*) {
  latencies out;
  std::promise<void> done;
  sys.spawn([&](caf::event_based_actor* self) -> caf::behavior {
    auto next = std::make_shared<std::function<void()>>();
    *next = [=, &out, &done] {
      auto began = std::chrono::steady_clock::now();
      ask(self).then(
          [=, &out, &done](const Reply&) {
            out.us.push_back(
                std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began).count());
            if (out.us.size() < total)
              return (*next)();
            self->quit();
            done.set_value();
          },
          [](const caf::error& e) {
            std::fprintf(stderr, "an ask failed: %s\n", describe(e).c_str());
            std::exit(1);
          });
    };
    (*next)();
    return {[](caf::ok_atom) {}};
  });
  done.get_future().wait();
  return out;
}

void remote(std::size_t total) {
  int ends[2];
  if (::pipe(ends) != 0)
    std::abort();
  auto child = ::fork(); // before any thread
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // however this process ends
    std::exit(serve(ends[1]));
  }
  std::uint16_t port = 0;
  if (::read(ends[0], &port, sizeof port) != sizeof port)
    std::abort();
  {
    local_node node{"a", false, true};
    caf::scoped_actor self{*node.sys};
    auto door = node.sys->middleman().remote_actor("127.0.0.1", port);
    caf::actor router, echo;
    auto fail = [](caf::error& e) {
      std::fprintf(stderr, "%s\n", describe(e).c_str());
      std::exit(1);
    };
    self->request(*door, 5s, meet_atom::value, node.router).receive([&](caf::actor& r) { router = r; }, fail);
    self->request(*door, 5s, echo_atom::value).receive([&](caf::actor& r) { echo = r; }, fail);
    cluster::member_info info;
    info.name = "b";
    info.incarnation = 1;
    caf::anon_send(node.router, cluster::peer_up{info, router});
    auto table = std::make_shared<cluster::partition_table>();
    for (std::uint32_t p = 0; p < partitions; ++p)
      table->entries.push_back({"worker", p, {"b", 1}, 1});
    caf::anon_send(node.router, cluster::table_changed{table});
    auto ref = node.refs->ref("counter", "one");
    auto& sys = *node.sys;
    for (int round = 0; round < 3; ++round) {
      auto b = rate_of<std::int64_t>(sys, total, 64, [=](auto* s, std::size_t) {
        return s->request(echo, 5s, echo_atom::value, std::int64_t{1});
      });
      auto o = rate_of<sum>(sys, total, 64, [=](auto* s, std::size_t) { return ref.ask(s, add{}, 5s); });
      both("ask_remote_64", b, o, "1/s");
      auto lb = ping(
          sys, total / 20, [=](auto* s) { return s->request(echo, 5s, echo_atom::value, std::int64_t{1}); },
          static_cast<std::int64_t*>(nullptr));
      auto lo = ping(
          sys, total / 20, [=](auto* s) { return ref.ask(s, add{}, 5s); }, static_cast<sum*>(nullptr));
      both("ask_remote_1_p50", lb.at(.5), lo.at(.5), "us");
      both("ask_remote_1_p99", lb.at(.99), lo.at(.99), "us");
      // Tells: sent in bursts with an ask at the end of each, which has come when they have.
      constexpr std::size_t burst = 1000;
      auto tells = [&](auto tell, auto last, auto* reply) {
        stopwatch w;
        ping(
            sys, total / burst,
            [=](auto* s) {
              for (std::size_t i = 1; i < burst; ++i)
                tell(s);
              return last(s);
            },
            reply);
        return double(total) / w.seconds();
      };
      auto tb = tells([=](auto* s) { s->send(echo, std::int64_t{1}); },
                      [=](auto* s) { return s->request(echo, 5s, echo_atom::value, std::int64_t{1}); },
                      static_cast<std::int64_t*>(nullptr));
      auto to = tells([=](auto* s) { ref.tell(s, add{}); }, [=](auto* s) { return ref.ask(s, add{}, 5s); },
                      static_cast<sum*>(nullptr));
      both("tell_remote", tb, to, "1/s");
    }
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
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
  } else if (what == "remote") {
    remote(count ? count : 200'000);
  } else {
    std::fprintf(stderr, "usage: entity_bench ask | activation | memory | remote [COUNT]\n");
    return 2;
  }
}

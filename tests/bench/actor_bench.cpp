// What an actor of ours costs beside the same one on bare CAF, and the job system beside a bare spawn and
// message. usage: actor_bench messages | spread | echo | latency | memory
#include "actors/diag/diag_jobs.hpp"
#include "runtime/actor/metered.hpp"
#include "runtime/jobs/memory/store.hpp"
#include "runtime/wall_clock.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/job_system.hpp"

#include <atomic>
#include <csignal>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <caf/all.hpp>

namespace {

using namespace tutti;
using namespace tutti::runtime;
using namespace std::chrono_literals;
using get = caf::get_atom;

/// CAF as its users would set it up for many actors.
struct bare_config : caf::actor_system_config {
  bare_config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{2});
    set("scheduler.max-throughput", std::size_t{300});
  }
};
struct counter_state {
  static constexpr const char* name = "counter";
  counter_state() = default;
  std::int64_t value = 0;
};

template <class Self>
caf::behavior count(Self* self) {
  return {
      [self](std::int64_t by) { self->state.value += by; },
      [self](get) { return self->state.value; },
  };
}

actor::placement at(actor::actor_table& table) {
  return {&table, "/bench/counter", 0, {}};
}

caf::behavior bare(caf::stateful_actor<counter_state>* self) {
  return count(self);
}
caf::behavior ours(actor::stateful<counter_state>* self) {
  return count(self);
}

double cpu_per_message(caf::actor_system& sys, const caf::actor& target) {
  constexpr int n = 2'000'000;
  caf::scoped_actor me{sys};
  auto before = bench::cpu_seconds();
  for (int i = 0; i < n; ++i) {
    caf::anon_send(target, std::int64_t{1});
    if (i % 1000 == 999) // keeps the mailbox short: memory is not what is measured
      me->request(target, 60s, get::value).receive([](std::int64_t) {}, [](caf::error&) { std::abort(); });
  }
  auto used = bench::cpu_seconds() - before;
  caf::anon_send_exit(target, caf::exit_reason::kill);
  return used / n * 1e6;
}

void messages() {
  for (int round = 0; round < 3; ++round) {
    {
      bare_config cfg;
      caf::actor_system sys{cfg};
      bench::report("message_cpu", "bare", cpu_per_message(sys, sys.spawn(bare)), "us");
    }
    bench::node_config cfg;
    caf::actor_system sys{cfg};
    actor::actor_table table{"bench"};
    bench::report("message_cpu", "tutti",
                  cpu_per_message(sys, actor::spawn_stateful<counter_state>(sys, at(table), 0, ours)), "us");
  }
}

double spread_rate(caf::actor_system& sys, actor::actor_table& table) {
  constexpr int actors = 100'000, n = 400'000;
  std::vector<caf::actor> all;
  for (int i = 0; i < actors; ++i)
    all.push_back(actor::spawn_stateful<counter_state>(sys, at(table), 0, ours));
  caf::scoped_actor me{sys};
  auto settle = [&] {
    for (int i = actors - 1; i >= 0; i -= 997)
      me->request(all[static_cast<std::size_t>(i)], 60s, get::value)
          .receive([](std::int64_t) {}, [](caf::error&) { std::abort(); });
  };
  settle();
  bench::stopwatch watch;
  for (std::int64_t i = 0; i < n; ++i)
    caf::anon_send(all[static_cast<std::size_t>(i * 7919 % actors)], i);
  settle();
  auto rate = n / watch.seconds();
  for (auto& a : all)
    caf::anon_send_exit(a, caf::exit_reason::kill);
  return rate;
}

void spread() {
  bench::node_config cfg;
  caf::actor_system sys{cfg};
  actor::actor_table table{"bench"};
  for (int round = 0; round < 3; ++round) {
    bench::report("spread", "unloaded", spread_rate(sys, table), "per_s");
    auto busy = ::fork(); // a process of its own, as a neighbour on the machine would be
    if (busy == 0)
      for (volatile std::uint64_t i = 0;;)
        i = i + 1;
    bench::report("spread", "beside_a_busy_process", spread_rate(sys, table), "per_s");
    ::kill(busy, SIGKILL);
  }
}

/// The job system on this process' memory.
struct memory_jobs {
  explicit memory_jobs(bench::finish_counter* counter) {
    jobs::store_options options;
    options.max_finished = 100'000;
    state = std::make_shared<jobs::memory_state>(options, counter);
    system.types().add(actors::diag::echo_job());
  }
  void start() {
    system.start([this](caf::event_based_actor& parent, actor::placement where) {
      return jobs::spawn_memory_store(parent, std::move(where), state, runtime::wall_now);
    });
  }

  std::shared_ptr<jobs::memory_state> state;
  bench::job_system system{true};
};

const std::string payload =
    R"({"guild":"81384788765712384","playlist":"37i9dQZF1DXcBWIGoYBM5M","limit":100})";

void echo() {
  constexpr int n = 200'000, batch = 32;
  for (int round = 0; round < 3; ++round) {
    {
      bare_config cfg;
      caf::actor_system sys{cfg};
      std::atomic<int> done{0};
      auto once = [&done](caf::event_based_actor*) -> caf::behavior {
        return {[&done](const std::string&) { done.fetch_add(1, std::memory_order_relaxed); }};
      };
      bench::stopwatch watch;
      for (int i = 0; i < n; ++i) {
        caf::anon_send(sys.spawn(once), payload); // unreachable afterwards: it ends
        while (i - done.load(std::memory_order_relaxed) > 2000)
          std::this_thread::sleep_for(50us);
      }
      while (done < n)
        std::this_thread::sleep_for(50us);
      bench::report("echo", "bare_spawn_and_message", n / watch.seconds(), "per_s");
    }
    bench::finish_counter counter;
    memory_jobs on{&counter};
    on.start();
    on.system.start_runner(512);
    bench::stopwatch watch;
    for (int i = 0; i < n;) {
      jobs::submit_jobs order;
      for (int k = 0; k < batch; ++k, ++i)
        order.jobs.push_back(on.system.spec(i, payload, "diag.echo"));
      caf::anon_send(on.system.store(), std::move(order));
      while (static_cast<std::uint64_t>(i) - counter.finished > 2000)
        std::this_thread::sleep_for(50us);
    }
    on.system.wait_until_finished(counter, n);
    bench::report("echo", "job_system", n / watch.seconds(), "per_s");
  }
}

void latency() {
  memory_jobs on{nullptr};
  on.start();
  on.system.latency("submit_to_handler");
}

/// Queued jobs nobody runs: what they weigh, and whether a submission and a claim get dearer.
void memory() {
  const std::string hundred =
      R"({"guild":"81384788765712384","user":"175928847299117063","playlist":"37i9dQZF1DXcBWIGoYBM5M","n":1})";
  memory_jobs on{nullptr};
  auto& engine = on.state->jobs;
  auto worker = engine.attach("bench");
  auto before = bench::resident_bytes();
  int number = 0;
  for (int target : {1'000, 10'000, 100'000, 1'000'000}) {
    while (number < target)
      engine.submit(on.system.spec(number++, hundred), runtime::wall_now());
    auto of = std::to_string(target);
    bench::report("queued_bytes_each", of.c_str(), (bench::resident_bytes() - before) / target, "B");
    constexpr int probe = 1000;
    std::vector<jobs::job_spec> specs;
    for (int i = 0; i < probe; ++i)
      specs.push_back(on.system.spec(10'000'000 + number + i, hundred));
    bench::stopwatch watch;
    for (auto& spec : specs)
      engine.submit(std::move(spec), runtime::wall_now());
    std::vector<jobs::claimed_job> claimed;
    engine.claim(worker, probe, runtime::wall_now(), claimed);
    for (auto& job : claimed) {
      jobs::attempt_outcome outcome;
      outcome.id = job.id;
      outcome.token = job.token;
      outcome.result = "null";
      engine.finish(std::move(outcome), runtime::wall_now());
    }
    bench::report("submit_claim_finish_with_queued", of.c_str(), watch.seconds() / probe * 1e6, "us");
  }
  bench::report("queued_1M_resident", "tutti", (bench::resident_bytes() - before) / (1 << 20), "MiB");
}

} // namespace

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  struct part {
    const char* name;
    void (*run)();
  };
  for (auto& p : {part{"messages", messages}, part{"spread", spread}, part{"echo", echo},
                  part{"latency", latency}, part{"memory", memory}})
    if (std::strcmp(what, p.name) == 0) {
      p.run();
      return 0;
    }
  std::fprintf(stderr, "usage: actor_bench messages|spread|echo|latency|memory\n");
  return 2;
}

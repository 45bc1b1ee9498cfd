// What an actor of ours costs beside the same one on bare CAF, and the job system beside a bare spawn and
// message. usage: actor_bench messages | spread | echo | latency | memory
#include "actors/diag/diag_jobs.hpp"
#include "runtime/actor/metered.hpp"
#include "runtime/actor/scheduling.hpp"
#include "runtime/jobs/job_actor.hpp"
#include "runtime/jobs/memory/store.hpp"
#include "runtime/jobs/runner.hpp"
#include "tests/bench/bench.hpp"

#include <algorithm>
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
struct our_config : caf::actor_system_config {
  our_config() { actor::use_shared_queue(*this, 2, 300); }
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
    our_config cfg;
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
  our_config cfg;
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

/// The job system without HTTP: store, runner and one actor for each attempt.
struct job_system {
  our_config cfg;
  caf::actor_system sys{cfg};
  actor::actor_table table{"bench"};
  std::shared_ptr<jobs::job_types> types = std::make_shared<jobs::job_types>();
  std::shared_ptr<jobs::memory_state> state;
  caf::actor store, runner;

  explicit job_system(jobs::job_observer* observer, std::size_t finished_kept = 100'000) {
    types->add(actors::diag::echo_job());
    jobs::store_options options;
    options.max_finished = finished_kept;
    state = std::make_shared<jobs::memory_state>(options, observer);
  }
  void start(bool with_runner) {
    std::atomic<bool> up{false};
    sys.spawn([&](caf::event_based_actor* self) {
      store = jobs::spawn_memory_store(*self, {&table, "/bench/store", 0, {}}, state, wall_now);
      if (with_runner)
        runner = jobs::spawn_runner(*self, {&table, "/bench/runner", 0, {}}, store, types, {});
      up = true;
    });
    while (!up)
      std::this_thread::sleep_for(50us);
  }
  ~job_system() {
    for (auto* a : {&runner, &store})
      if (*a)
        caf::anon_send_exit(*a, caf::exit_reason::kill);
    runner = store = nullptr;
  }
  jobs::job_spec spec(int number, std::string payload) {
    jobs::job_request request;
    request.type = "diag.echo";
    request.payload = std::move(payload);
    request.idempotency_key = "key-" + std::to_string(number);
    return std::get<jobs::job_spec>(types->make_spec(std::move(request), wall_now()));
  }
};

struct finish_counter final : jobs::job_observer {
  std::atomic<std::uint64_t> finished{0};
  void accepted(std::string_view) override {}
  void changed(const jobs::job_change& c) override {
    if (jobs::is_final(c.status))
      finished.fetch_add(1, std::memory_order_relaxed);
  }
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
    finish_counter counter;
    job_system system{&counter};
    system.start(true);
    bench::stopwatch watch;
    for (int i = 0; i < n;) {
      jobs::submit_jobs order;
      for (int k = 0; k < batch; ++k, ++i)
        order.jobs.push_back(system.spec(i, payload));
      caf::anon_send(system.store, std::move(order));
      while (static_cast<std::uint64_t>(i) - counter.finished > 2000)
        std::this_thread::sleep_for(50us);
    }
    while (counter.finished < n)
      std::this_thread::sleep_for(50us);
    bench::report("echo", "job_system", n / watch.seconds(), "per_s");
  }
}

void latency() {
  using clock = std::chrono::steady_clock;
  constexpr int n = 3000;
  std::vector<clock::time_point> sent(n), begun(n);
  std::atomic<int> done{0};
  job_system system{nullptr};
  jobs::job_type probe;
  probe.name = "bench.probe";
  probe.run = [&](jobs::job_actor* self) -> caf::behavior {
    begun[static_cast<std::size_t>(std::atoi(self->job().key.c_str()))] = clock::now();
    self->succeed();
    ++done;
    return {};
  };
  system.types->add(probe);
  system.start(true);
  auto next = clock::now();
  for (int i = 0; i < n; ++i) {
    std::this_thread::sleep_until(next);
    next += std::chrono::microseconds{1'000'000 / 300};
    jobs::job_request request;
    request.type = "bench.probe";
    request.key = std::to_string(i);
    jobs::submit_jobs order;
    sent[static_cast<std::size_t>(i)] = clock::now();
    order.jobs.push_back(std::get<jobs::job_spec>(system.types->make_spec(std::move(request), wall_now())));
    caf::anon_send(system.store, std::move(order));
  }
  while (done < n)
    std::this_thread::sleep_for(50us);
  std::vector<double> took;
  for (std::size_t i = 0; i < n; ++i)
    took.push_back(std::chrono::duration<double, std::milli>(begun[i] - sent[i]).count());
  std::sort(took.begin(), took.end());
  bench::report("submit_to_handler", "p50", took[n / 2], "ms");
  bench::report("submit_to_handler", "p99", took[n * 99 / 100], "ms");
}

/// Queued jobs nobody runs: what they weigh, and whether a submission and a claim get dearer.
void memory() {
  const std::string hundred =
      R"({"guild":"81384788765712384","user":"175928847299117063","playlist":"37i9dQZF1DXcBWIGoYBM5M","n":1})";
  job_system system{nullptr};
  auto& engine = system.state->jobs;
  auto worker = engine.attach("bench");
  auto before = bench::resident_bytes();
  int number = 0;
  for (int target : {1'000, 10'000, 100'000, 1'000'000}) {
    while (number < target)
      engine.submit(system.spec(number++, hundred), wall_now());
    auto of = std::to_string(target);
    bench::report("queued_bytes_each", of.c_str(), (bench::resident_bytes() - before) / target, "B");
    constexpr int probe = 1000;
    std::vector<jobs::job_spec> specs;
    for (int i = 0; i < probe; ++i)
      specs.push_back(system.spec(10'000'000 + number + i, hundred));
    bench::stopwatch watch;
    for (auto& spec : specs)
      engine.submit(std::move(spec), wall_now());
    std::vector<jobs::claimed_job> claimed;
    engine.claim(worker, probe, wall_now(), claimed);
    for (auto& job : claimed) {
      jobs::attempt_outcome outcome;
      outcome.id = job.id;
      outcome.token = job.token;
      outcome.result = "null";
      engine.finish(std::move(outcome), wall_now());
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

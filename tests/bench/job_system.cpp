#include "tests/bench/job_system.hpp"

#include "runtime/jobs/job_actor.hpp"
#include "runtime/jobs/runner.hpp"
#include "runtime/wall_clock.hpp"
#include "tests/bench/bench.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

namespace tutti::bench {
namespace {

using namespace std::chrono_literals;
using namespace runtime;

/// Sends the next job for each that was accepted.
caf::behavior submitter(caf::event_based_actor* self, job_system& of, int first, int count, int in_flight,
                        std::shared_ptr<std::promise<void>> done) {
  struct progress {
    int next, end, open;
  };
  auto at = std::make_shared<progress>(progress{first, first + count, 0});
  auto send_one = [=, &of] {
    if (at->next == at->end)
      return;
    jobs::submit_jobs order;
    order.jobs.push_back(of.spec(at->next, payload_of(at->next)));
    ++at->next;
    ++at->open;
    self->send(of.store(), std::move(order));
  };
  for (int i = 0; i < in_flight; ++i)
    send_one();
  return {[=](const jobs::jobs_submitted& got) {
    for (auto& result : got.results)
      if (result.outcome != jobs::submitted::accepted)
        std::abort();
    --at->open;
    send_one();
    if (at->open == 0) {
      done->set_value();
      self->quit();
    }
  }};
}

std::size_t number_in(const std::string& payload) {
  return static_cast<std::size_t>(std::atoi(payload.c_str() + payload.size() - 11));
}

} // namespace

std::string payload_of(int number) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%09d", number);
  return std::string{R"({"guild":"81384788765712384","user":"175928847299117063",)"
                     R"("playlist":"37i9dQZF1DXcBWIGoYBM5M","market":"GB",)"
                     R"("opts":{"dedupe":true,"order":"added_at","limit":100},"note":"abcdefghijklm","n":")"}
         + digits + "\"}";
}

job_system::job_system(bool with_keys) : with_keys_(with_keys) {
  jobs::job_type noop;
  noop.name = "bench.noop";
  noop.run = [](jobs::job_actor* self) -> caf::behavior {
    self->succeed();
    return {};
  };
  types_->add(noop);
}

void job_system::stop() {
  stop_runner();
  if (store_)
    caf::anon_send_exit(store_, caf::exit_reason::kill);
  store_ = nullptr;
  sys_.await_all_actors_done();
}

void job_system::start(const store_maker& make) {
  std::promise<caf::actor> made;
  sys_.spawn([&](caf::event_based_actor* self) {
    made.set_value(make(*self, {&table_, "/bench/store", 0, {}}));
  });
  store_ = made.get_future().get();
}

void job_system::start_runner(std::uint32_t concurrency) {
  std::promise<caf::actor> made;
  jobs::runner_options options;
  options.concurrency = concurrency;
  sys_.spawn([&](caf::event_based_actor* self) {
    made.set_value(jobs::spawn_runner(*self, {&table_, "/bench/runner", 0, {}}, store_, types_, options));
  });
  runner_ = made.get_future().get();
}

void job_system::stop_runner() {
  if (runner_)
    caf::anon_send_exit(runner_, caf::exit_reason::user_shutdown);
  runner_ = nullptr;
}

jobs::job_spec job_system::spec(int number, std::string payload, const char* type) {
  jobs::job_request request;
  request.type = type;
  request.payload = std::move(payload);
  if (with_keys_)
    request.idempotency_key = "key-" + std::to_string(number);
  request.trace = telemetry::trace_context::new_root(false); // as the gateway
  return std::get<jobs::job_spec>(types_->make_spec(std::move(request), wall_now()));
}

double job_system::submission_rate(int first, int count, int in_flight) {
  auto done = std::make_shared<std::promise<void>>();
  stopwatch watch;
  sys_.spawn([=, this](caf::event_based_actor* self) {
    return submitter(self, *this, first, count, in_flight, done);
  });
  done->get_future().wait();
  return count / watch.seconds();
}

void job_system::fill(int first, int count) {
  constexpr int step = 500;
  caf::scoped_actor me{sys_};
  for (int i = 0; i < count;) {
    jobs::submit_jobs order;
    for (int end = std::min(i + step, count); i < end; ++i)
      order.jobs.push_back(spec(first + i, payload_of(first + i)));
    me->send(store_, std::move(order));
    me->receive([](const jobs::jobs_submitted& got) {
      if (got.results.front().outcome != jobs::submitted::accepted)
        std::abort();
    });
  }
}

void job_system::wait_until_finished(const finish_counter& counter, std::uint64_t count) {
  while (counter.finished.load(std::memory_order_relaxed) < count)
    std::this_thread::sleep_for(50us);
}

void job_system::latency(const char* figure) {
  using clock = std::chrono::steady_clock;
  constexpr int n = 1800;
  std::vector<clock::time_point> sent(n), begun(n);
  std::atomic<int> done{0};
  jobs::job_type probe;
  probe.name = "bench.probe";
  probe.run = [&](jobs::job_actor* self) -> caf::behavior {
    begun[number_in(self->job().payload)] = clock::now();
    self->succeed();
    ++done;
    return {};
  };
  types_->add(probe);
  start_runner(100);
  auto next = clock::now();
  for (int i = 0; i < n; ++i) {
    std::this_thread::sleep_until(next);
    next += std::chrono::microseconds{1'000'000 / 300};
    jobs::job_request request;
    request.type = "bench.probe";
    request.payload = payload_of(i);
    jobs::submit_jobs order;
    sent[static_cast<std::size_t>(i)] = clock::now();
    order.jobs.push_back(std::get<jobs::job_spec>(types_->make_spec(std::move(request), wall_now())));
    caf::anon_send(store_, std::move(order));
  }
  while (done < n)
    std::this_thread::sleep_for(50us);
  stop_runner();
  std::vector<double> took;
  for (std::size_t i = 0; i < n; ++i)
    took.push_back(std::chrono::duration<double, std::milli>(begun[i] - sent[i]).count());
  std::sort(took.begin(), took.end());
  auto name = std::string{figure};
  report((name + "_p50").c_str(), "tutti", took[n / 2], "ms");
  report((name + "_p99").c_str(), "tutti", took[n * 99 / 100], "ms");
}

} // namespace tutti::bench

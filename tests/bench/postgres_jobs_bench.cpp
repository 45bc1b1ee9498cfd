// Jobs on PostgreSQL, against a server that it starts itself, synchronous_commit on: submissions with 32 in
// flight, then no-op jobs from claim to outcome. usage: postgres_jobs_bench [jobs]
#include "runtime/jobs/store.hpp"
#include "tests/bench/bench.hpp"
#include "tests/services/postgres_jobs/database.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include <caf/all.hpp>

namespace {

using namespace tutti;
using namespace runtime::jobs;

std::atomic<int> submitted_jobs{0}, ended_jobs{0};

job_spec make_job() {
  job_spec spec;
  auto now = std::chrono::system_clock::now().time_since_epoch();
  spec.id = make_job_id(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  spec.type = "noop";
  spec.payload = R"({"guild":"123456789012345678","track":"abcdefghijklmnop"})";
  spec.max_attempts = 3;
  spec.timeout_ms = 60000;
  return spec;
}

caf::behavior submitter(caf::event_based_actor* self, const caf::actor& store, int jobs, int in_flight) {
  auto left = std::make_shared<int>(jobs);
  auto send_one = [=] {
    if ((*left)-- <= 0)
      return;
    submit_jobs order;
    order.jobs.push_back(make_job());
    self->send(store, std::move(order));
  };
  for (int i = 0; i < in_flight; ++i)
    send_one();
  return {[=](const jobs_submitted& got) {
    if (got.results.at(0).outcome != submitted::accepted)
      std::abort();
    ++submitted_jobs;
    submitted_jobs.notify_all();
    send_one();
  }};
}

caf::behavior worker(caf::event_based_actor* self, const caf::actor& store) {
  self->send(store, attach_worker{"bench", 256});
  return {[=](jobs_claimed& got) {
    finish_attempts ended;
    for (auto& job : got.jobs) {
      auto& outcome = ended.outcomes.emplace_back();
      outcome.id = job.id;
      outcome.token = job.token;
      outcome.result = "null";
    }
    ended_jobs += static_cast<int>(got.jobs.size());
    ended_jobs.notify_all();
    self->send(store, std::move(ended));
  }};
}

void wait_for(std::atomic<int>& count, int wanted) {
  for (int seen = count; seen < wanted; seen = count)
    count.wait(seen);
}

} // namespace

int main(int argc, char** argv) {
  int jobs = argc > 1 ? std::atoi(argv[1]) : 50'000;
  tests::job_database database{tests::shared_postgres()};
  tests::database_client client{database.url()};
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", std::size_t{2});
  caf::actor_system system{config};
  runtime::actor::actor_table table{"n"};
  auto store = tests::start_postgres_store(system, table, client.pool, {});
  for (int in_flight : {1, 32, 256}) {
    auto count = in_flight == 1 ? jobs / 50 : jobs;
    submitted_jobs = 0;
    bench::stopwatch watch;
    auto by = system.spawn(submitter, store, count, in_flight);
    wait_for(submitted_jobs, count);
    bench::report("postgres_submit", (std::to_string(in_flight) + " in flight").c_str(),
                  count / watch.seconds(), "1/s");
    caf::anon_send_exit(by, caf::exit_reason::user_shutdown);
  }
  auto waiting = static_cast<int>(client.number("SELECT count(*) FROM job"));
  bench::stopwatch watch;
  auto runs = system.spawn(worker, store);
  wait_for(ended_jobs, waiting);
  while (client.number("SELECT count(*) FROM job WHERE status < 4") != 0) // the last outcomes
    ;
  bench::report("postgres_run", "no-op jobs, 256 at once", waiting / watch.seconds(), "1/s");
  caf::anon_send_exit(runs, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
  runs = store = nullptr;
  system.await_all_actors_done();
}

// Jobs in a PostgreSQL database that has our tables and no job, without HTTP.
// usage: postgres_jobs_bench URL submit | run | latency
#include "services/net/io_thread.hpp"
#include "services/postgres/pool.hpp"
#include "services/postgres_jobs/store.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/job_system.hpp"

#include <cstring>
#include <memory>

namespace {

using namespace tutti;
using bench::report;

struct postgres_jobs {
  explicit postgres_jobs(const char* url) : pool{io.context(), {.url = url}} {
    system.start([this](caf::event_based_actor& parent, runtime::actor::placement at) {
      runtime::jobs::store_options options;
      return services::postgres_jobs::spawn_postgres_store(parent, std::move(at), pool, options, counter);
    });
  }
  ~postgres_jobs() { system.stop(); }
  postgres_jobs(const postgres_jobs&) = delete;
  postgres_jobs& operator=(const postgres_jobs&) = delete;

  bench::job_system system{false}; // as the peers' jobs
  services::net::io_thread io{"bench.postgres"};
  services::postgres::pool pool;
  std::shared_ptr<bench::finish_counter> counter = std::make_shared<bench::finish_counter>();
};

void submit(const char* url) {
  postgres_jobs jobs{url};
  jobs.system.fill(0, 500); // connects
  report("submit", "tutti", jobs.system.submission_rate(500, 30'000, 32), "per_s");
}

void run(const char* url) {
  constexpr int count = 30'000;
  postgres_jobs jobs{url};
  jobs.system.fill(0, count);
  bench::stopwatch watch;
  jobs.system.start_runner(512); // as a node by default
  jobs.system.wait_until_finished(*jobs.counter, count);
  report("run", "tutti", count / watch.seconds(), "per_s");
}

void latency(const char* url) {
  postgres_jobs{url}.system.latency("latency");
}

} // namespace

int main(int argc, char** argv) {
  struct part {
    const char* name;
    void (*run)(const char* url);
  };
  if (argc > 2)
    for (auto& p : {part{"submit", submit}, part{"run", run}, part{"latency", latency}})
      if (std::strcmp(argv[2], p.name) == 0) {
        p.run(argv[1]);
        return 0;
      }
  std::fprintf(stderr, "usage: postgres_jobs_bench URL submit|run|latency\n");
  return 2;
}

// Jobs in a Redis that is there and empty, without HTTP, beside a bare hiredis loop that makes the same
// writes. usage: redis_jobs_bench PORT submit | run | latency | waiting | fill COUNT
#include "services/net/io_thread.hpp"
#include "services/redis_jobs/store.hpp"
#include "tests/bench/bare_redis.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/job_system.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

namespace {

using namespace tutti;
using bench::report;

struct redis_jobs {
  explicit redis_jobs(std::uint16_t port) : server{*services::redis::parse_url(url(port))} {
    system.start([this](caf::event_based_actor& parent, runtime::actor::placement at) {
      runtime::jobs::store_options options;
      return services::redis_jobs::spawn_redis_store(parent, std::move(at), {commands, mailbox}, options,
                                                     counter);
    });
  }
  ~redis_jobs() { system.stop(); }
  redis_jobs(const redis_jobs&) = delete;
  redis_jobs& operator=(const redis_jobs&) = delete;

  static std::string url(std::uint16_t port) { return "redis://127.0.0.1:" + std::to_string(port); }
  services::redis::client_options to_server() const {
    services::redis::client_options out;
    out.server = server;
    return out;
  }

  bench::job_system system{true};
  services::redis::server_address server;
  services::net::io_thread io{"bench.redis"};
  services::redis::client commands{io.context(), to_server()};
  services::redis::client mailbox{io.context(), to_server()};
  std::shared_ptr<bench::finish_counter> counter = std::make_shared<bench::finish_counter>();
};

void submit(std::uint16_t port, int) {
  constexpr int count = 100'000;
  {
    redis_jobs jobs{port};
    report("submit", "tutti", jobs.system.submission_rate(0, count, 32), "per_s");
  }
  report("submit", "hiredis", bench::bare_redis{port}.submission_rate(count), "per_s");
}

void run(std::uint16_t port, int) {
  constexpr int count = 50'000;
  bench::bare_redis bare{port};
  {
    redis_jobs jobs{port};
    jobs.system.fill(0, count);
    auto used = bare.cpu_seconds();
    bench::stopwatch watch;
    jobs.system.start_runner(100);
    jobs.system.wait_until_finished(*jobs.counter, count);
    report("run", "tutti", count / watch.seconds(), "per_s");
    report("run_redis_cpu", "tutti", (bare.cpu_seconds() - used) / count * 1e6, "us");
  }
  bare.submission_rate(count);
  report("run", "hiredis", bare.run_rate(count), "per_s");
}

void latency(std::uint16_t port, int) {
  redis_jobs{port}.system.latency("latency");
}

/// One job is submitted for each that ends, so that as many go on waiting.
void waiting(std::uint16_t port, int) {
  constexpr int measured = 50'000, step = 500;
  redis_jobs jobs{port};
  int number = 0;
  for (int target : {1'000, 1'000'000}) {
    jobs.system.fill(number, target - number);
    number = target;
    bench::bare_redis{port}.wait_for_rewrite();
    auto before = jobs.counter->finished.load();
    bench::stopwatch watch;
    jobs.system.start_runner(100);
    for (int done = 0; done < measured; done += step) {
      jobs.system.fill(number, step);
      number += step;
      jobs.system.wait_until_finished(*jobs.counter, before + static_cast<std::uint64_t>(done + step));
    }
    report("waiting", std::to_string(target).c_str(), measured / watch.seconds(), "per_s");
    jobs.system.stop_runner();
  }
}

void fill(std::uint16_t port, int count) {
  redis_jobs jobs{port};
  jobs.system.fill(static_cast<int>(getpid()) * 1000, count); // keys of its own
}

} // namespace

int main(int argc, char** argv) {
  struct part {
    const char* name;
    void (*run)(std::uint16_t port, int count);
  };
  if (argc > 2)
    for (auto& p : {part{"submit", submit}, part{"run", run}, part{"latency", latency},
                    part{"waiting", waiting}, part{"fill", fill}})
      if (std::strcmp(argv[2], p.name) == 0) {
        p.run(static_cast<std::uint16_t>(std::atoi(argv[1])), argc > 3 ? std::atoi(argv[3]) : 0);
        return 0;
      }
  std::fprintf(stderr, "usage: redis_jobs_bench PORT submit|run|latency|waiting|fill COUNT\n");
  return 2;
}

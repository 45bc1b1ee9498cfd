#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/actor/scheduling.hpp"
#include "runtime/jobs/job_types.hpp"
#include "runtime/jobs/observer.hpp"
#include "runtime/jobs/store.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/fwd.hpp>

namespace tutti::bench {

namespace jobs = runtime::jobs;

/// As a node on two cores.
struct node_config : caf::actor_system_config {
  node_config() { runtime::actor::use_shared_queue(*this, 2, 300); }
};

/// 200 bytes of JSON, as the peers send.
std::string payload_of(int number);

struct finish_counter final : jobs::job_observer {
  std::atomic<std::uint64_t> finished{0};
  void accepted(std::string_view) override {}
  void changed(const jobs::job_change& c) override {
    if (jobs::is_final(c.status))
      finished.fetch_add(1, std::memory_order_relaxed);
  }
};

/// The job system without HTTP: a store, a runner and one actor for each attempt. Jobs of the type
/// bench.noop.
class job_system {
public:
  using store_maker = std::function<caf::actor(caf::event_based_actor&, runtime::actor::placement)>;

  /// `with_keys`: each job has an idempotency key.
  explicit job_system(bool with_keys);
  ~job_system() { stop(); }
  job_system(const job_system&) = delete;
  job_system& operator=(const job_system&) = delete;

  caf::actor_system& system() noexcept { return sys_; }
  jobs::job_types& types() noexcept { return *types_; }
  const caf::actor& store() const noexcept { return store_; }

  void start(const store_maker& make);
  /// Ends the actors: before what the store was made of, which ends before this object.
  void stop();
  void start_runner(std::uint32_t concurrency);
  void stop_runner();

  jobs::job_spec spec(int number, std::string payload, const char* type = "bench.noop");
  /// One message after the other for each job, so many of them under way; per second.
  double submission_rate(int first, int count, int in_flight);
  /// In few messages.
  void fill(int first, int count);
  void wait_until_finished(const finish_counter& counter, std::uint64_t count);
  /// Reports submit to handler at 300 jobs a second, as `figure`_p50 and _p99.
  void latency(const char* figure);

private:
  node_config config_;
  caf::actor_system sys_{config_};
  runtime::actor::actor_table table_{"bench"};
  std::shared_ptr<jobs::job_types> types_ = std::make_shared<jobs::job_types>();
  const bool with_keys_;
  caf::actor store_, runner_;
};

} // namespace tutti::bench

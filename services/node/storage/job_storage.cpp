#include "services/node/storage/job_storage.hpp"

#include "runtime/jobs/memory/store.hpp"
#include "runtime/telemetry/log.hpp"
#include "services/net/io_thread.hpp"
#include "services/node/storage/servers.hpp"
#include "services/postgres_jobs/store.hpp"
#include "services/redis/server_checks.hpp"
#include "services/redis_jobs/store.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::node {
namespace {

using namespace runtime;
using actors::http_gateway::health_probe;
using std::chrono::milliseconds;

jobs::store_options store_options(const config::settings& s) {
  jobs::store_options out;
  out.claim_ttl_ms = s.jobs.claim_ttl.count();
  out.ageing_ms = s.jobs.ageing.count();
  out.retention_ms = s.jobs.result_retention.count();
  out.key_retention_ms = s.jobs.key_retention.count();
  out.max_jobs = s.jobs.max_jobs;
  out.worker_deaths = s.jobs.worker_deaths;
  for (auto& [name, q] : s.queues)
    out.queues[name] = {q.concurrency, q.rate,
                        q.burst > 0 ? static_cast<double>(q.burst) : std::max(q.rate, 1.0)};
  return out;
}

class in_memory final : public job_storage {
public:
  in_memory(const jobs::store_options& options, std::shared_ptr<jobs::job_observer> observer)
      : observer_(std::move(observer)),
        state_(std::make_shared<jobs::memory_state>(options, observer_.get())) {}

  void open(milliseconds) override {}
  caf::actor spawn(caf::event_based_actor& parent, actor::placement at) override {
    return jobs::spawn_memory_store(parent, std::move(at), state_, [] {
      auto now = std::chrono::system_clock::now().time_since_epoch();
      return std::chrono::duration_cast<milliseconds>(now).count();
    });
  }
  std::map<std::string, health_probe> probes() override { return {}; }
  std::uint64_t unfinished() const override { return state_->jobs.unfinished(); }

private:
  std::shared_ptr<jobs::job_observer> observer_;
  std::shared_ptr<jobs::memory_state> state_;
};

class in_redis final : public job_storage {
public:
  in_redis(const config::settings& s, const std::string& node, std::shared_ptr<jobs::job_observer> observer)
      : options_(store_options(s)), observer_(std::move(observer)),
        commands_(io_.context(), redis_options(s, "tutti-" + node)),
        mailbox_(io_.context(), redis_options(s, "tutti-" + node + "-mailbox")) {}

  void open(milliseconds patience) override {
    auto until = std::chrono::steady_clock::now() + patience;
    if (!wait_for(commands_, until))
      return;
    redis::check_durability(commands_, until, [](const std::vector<std::string>& findings) {
      for (auto& finding : findings)
        telemetry::get().warn("redis.durability finding=\"{}\"", finding);
    });
  }
  caf::actor spawn(caf::event_based_actor& parent, actor::placement at) override {
    return redis_jobs::spawn_redis_store(parent, std::move(at), {commands_, mailbox_}, options_, observer_);
  }
  std::map<std::string, health_probe> probes() override { return {{"redis", probe(commands_)}}; }
  std::uint64_t unfinished() const override { return 0; }

private:
  jobs::store_options options_;
  std::shared_ptr<jobs::job_observer> observer_;
  net::io_thread io_{"tutti.redis"};
  redis::client commands_;
  redis::client mailbox_;
};

class in_postgres final : public job_storage {
public:
  in_postgres(const config::settings& s, std::shared_ptr<jobs::job_observer> observer)
      : options_(store_options(s)), observer_(std::move(observer)),
        pool_(io_.context(), postgres_options(s)) {}

  void open(milliseconds patience) override { wait_for(pool_, std::chrono::steady_clock::now() + patience); }
  caf::actor spawn(caf::event_based_actor& parent, actor::placement at) override {
    return postgres_jobs::spawn_postgres_store(parent, std::move(at), pool_, options_, observer_);
  }
  std::map<std::string, health_probe> probes() override { return {{"postgres", probe(pool_)}}; }
  std::uint64_t unfinished() const override { return 0; }

private:
  jobs::store_options options_;
  std::shared_ptr<jobs::job_observer> observer_;
  net::io_thread io_{"tutti.postgres"};
  postgres::pool pool_;
};

} // namespace

std::unique_ptr<job_storage> make_job_storage(const config::settings& s, const std::string& node,
                                              std::shared_ptr<jobs::job_observer> observer) {
  if (s.queue.provider == config::provider::redis)
    return std::make_unique<in_redis>(s, node, std::move(observer));
  if (s.queue.provider == config::provider::postgres)
    return std::make_unique<in_postgres>(s, std::move(observer));
  return std::make_unique<in_memory>(store_options(s), std::move(observer));
}

} // namespace tutti::services::node

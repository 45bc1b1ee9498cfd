#include "services/node/node.hpp"

#include "actors/http_gateway/gateway.hpp"
#include "actors/http_gateway/observe/node_monitor.hpp"
#include "runtime/actor/scheduling.hpp"
#include "runtime/actor/supervisor.hpp"
#include "runtime/jobs/job_telemetry.hpp"
#include "runtime/jobs/runner.hpp"
#include "runtime/telemetry/log.hpp"
#include "services/http/server.hpp"
#include "services/node/actor_metrics.hpp"
#include "services/node/cluster/cluster_node.hpp"
#include "services/node/job_types.hpp"
#include "services/node/metrics_server.hpp"
#include "services/node/storage/job_storage.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

namespace tutti::services::node {
namespace {

namespace http_gateway = actors::http_gateway;
using namespace runtime;
using actor::child_spec;
using actor::placement;
using actor::supervisor_spec;
using std::chrono::milliseconds;

constexpr std::chrono::seconds start_deadline{10};
/// After it the HTTP server cuts what is still open.
constexpr milliseconds http_grace{2000};
/// For the supervision tree, whatever the deadline was used for before.
constexpr milliseconds tree_grace{3000};

struct actor_config : caf::actor_system_config {
  actor_config() { actor::use_shared_queue(*this, std::max(2u, std::thread::hardware_concurrency()), 300); }
};

} // namespace

struct node::parts {
  config::loaded config;
  std::function<void()> failed;

  // In this order: what stands later uses what stands before.
  telemetry::metrics metrics;
  telemetry::event_bus events;
  actor::actor_table table;
  telemetry::metrics::registration actor_metrics;
  std::shared_ptr<http_gateway::health_board> health;
  std::shared_ptr<http_gateway::api> api;
  std::shared_ptr<const jobs::job_types> types;
  actor_config caf_config;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<job_storage> storage; ///< its callbacks name actors
  std::unique_ptr<cluster_node> cluster;
  std::unique_ptr<http::server> server;
  std::unique_ptr<http::server> metrics_server; ///< only with metrics.port
  caf::actor root;
  std::atomic<bool> stopping{false};
  std::once_flag told_up;
  std::promise<void> up; ///< the gateway, which starts last, is there

  // Written and read by the root supervisor's thread, except `runner`, which stop() reads when all is
  // settled.
  caf::actor store;
  std::mutex runner_lock;
  caf::actor runner;

  explicit parts(const config::loaded& loaded)
      : config(loaded), table(loaded.node.name),
        health(std::make_shared<http_gateway::health_board>(loaded.node.name, TUTTI_VERSION)),
        types(make_job_types()) {}

  std::vector<child_spec> children();
  std::map<std::string, http_gateway::health_probe> probes() const {
    auto out = storage->probes();
    out.merge(cluster->probes());
    return out;
  }
};

/// rest_for_one over one-child supervisors: who comes later holds handles of who came before, so it is
/// restarted with it.
std::vector<child_spec> node::parts::children() {
  child_spec jobs_store;
  jobs_store.name = "jobs";
  jobs_store.start = [this](caf::event_based_actor* parent, placement at) {
    return store = storage->spawn(*parent, std::move(at));
  };
  child_spec monitor;
  monitor.name = "monitor";
  monitor.start = [this](caf::event_based_actor* parent, placement at) {
    return http_gateway::spawn_node_monitor(*parent, std::move(at), health, metrics, store, probes());
  };
  child_spec run_jobs;
  run_jobs.name = "runner";
  run_jobs.start = [this](caf::event_based_actor* parent, placement at) {
    auto& s = config.settings.jobs;
    auto made = jobs::spawn_runner(*parent, std::move(at), store, types,
                                   {s.concurrency, s.claim_ttl, s.cancel_grace});
    std::lock_guard guard{runner_lock};
    return runner = made;
  };
  child_spec gateway;
  gateway.name = "gateway";
  gateway.start = [this](caf::event_based_actor* parent, placement at) {
    auto made = http_gateway::spawn_gateway(*parent, std::move(at), api,
                                            {store, types, health, &metrics, &events, cluster->for_gateway(),
                                             cluster->flags(), cluster->flag_cache()});
    api->connect(made); // at once, so that ready means that a request finds it
    std::call_once(told_up, [this] { up.set_value(); });
    return made;
  };
  std::vector<child_spec> out;
  auto stores = cluster->stores();
  stores.insert(stores.begin(), std::move(jobs_store));
  out.push_back(supervisor_spec("stores", std::move(stores), {.max_restarts = 0}));
  out.push_back(supervisor_spec("telemetry", {std::move(monitor)}, {}));
  for (auto& part : cluster->supervisors())
    out.push_back(std::move(part));
  if (config.node.has(config::role::worker)) {
    auto workers = cluster->with_runner(runner);
    workers.insert(workers.begin(), std::move(run_jobs));
    out.push_back(supervisor_spec("jobs", std::move(workers), {.how = actor::strategy::rest_for_one}));
  }
  out.push_back(supervisor_spec("api", {std::move(gateway)}, {}));
  return out;
}

node::node(const config::loaded& config, std::function<void()> failed)
    : parts_(std::make_unique<parts>(config)) {
  auto& p = *parts_;
  auto& s = p.config.settings;
  p.failed = std::move(failed);
  p.actor_metrics = add_actor_metrics(p.metrics, p.table);
  p.api = std::make_shared<http_gateway::api>(http_gateway::api_options{s.http.admin_token, s.http.rate_limit,
                                                                        s.http.request_timeout,
                                                                        s.http.lend_threads},
                                              p.health, p.metrics);
  http::server_options options;
  // The server takes numbers only: a name could mean several addresses.
  auto& host = p.config.node.http.host;
  options.address = host == "localhost" ? "127.0.0.1" : host;
  options.port = p.config.node.http.port;
  options.threads =
      s.http.threads != 0 ? s.http.threads : std::clamp(std::thread::hardware_concurrency() / 4, 1u, 8u);
  options.max_connections = s.http.max_connections;
  options.header_timeout = s.http.header_timeout;
  options.body_timeout = s.http.body_timeout;
  options.idle_timeout = s.http.idle_timeout;
  p.server = std::make_unique<http::server>(options, p.api);
  if (s.metrics.port != 0)
    p.metrics_server = make_metrics_server(options.address, s.metrics.port, p.metrics);
}

node::~node() {
  if (parts_->system)
    stop(milliseconds{0});
}

void node::start() {
  auto& p = *parts_;
  p.server->start(); // before any actor, so that a taken address leaves nothing behind
  if (p.metrics_server)
    p.metrics_server->start();
  p.storage = make_job_storage(p.config.settings, p.table.node(),
                               std::make_shared<jobs::job_telemetry>(p.metrics, p.events));
  p.storage->open(start_deadline / 2);
  auto refused = [&p] {
    if (!p.stopping)
      p.failed();
  };
  config::endpoint http{p.config.node.http.host, p.server->port()};
  p.cluster = std::make_unique<cluster_node>(p.config, p.metrics, refused, config::to_string(http));
  p.cluster->open(start_deadline / 2);
  p.cluster->configure(p.caf_config);
  p.system = std::make_unique<caf::actor_system>(p.caf_config);
  p.cluster->prepare(*p.system);
  p.root = actor::spawn_supervisor(*p.system, {&p.table, "/" + p.table.node(), 0, {}}, p.children(),
                                   {.how = actor::strategy::rest_for_one});
  p.root->attach_functor([&p](const caf::error& reason) {
    if (p.stopping)
      return;
    telemetry::get().error("node.failed reason={}", describe(reason));
    p.failed();
  });
  if (p.up.get_future().wait_for(start_deadline) != std::future_status::ready)
    throw std::runtime_error("its actors did not start in time");
}

std::uint16_t node::http_port() const noexcept {
  return parts_->server->port();
}

node::report node::stop(milliseconds deadline) {
  auto& p = *parts_;
  report out;
  auto until = std::chrono::steady_clock::now() + deadline;
  auto left = [&] {
    auto rest = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
    return std::max(rest, milliseconds{0});
  };
  p.stopping = true;
  p.health->set_ready(false);
  p.api->refuse_submissions();
  {
    caf::scoped_actor self{*p.system};
    caf::actor runner;
    {
      std::lock_guard guard{p.runner_lock};
      runner = p.runner;
    }
    if (runner) {
      auto patience = std::max(left() - http_grace - tree_grace, milliseconds{0});
      self->request(runner, patience + milliseconds{1000}, jobs::drain_runner{patience})
          .receive(
              [&](const jobs::drained& done) {
                out.completed = done.completed;
                out.handed_back = done.handed_back;
              },
              [&](const caf::error& reason) {
                out.in_time = false;
                telemetry::get().warn("node.drain error={}", describe(reason));
              });
    }
    auto for_others = std::max(left() - http_grace - tree_grace, milliseconds{0});
    if (!p.cluster->leave(*p.system, for_others))
      telemetry::get().warn("node.partitions_left reason=others take them over when their leases end");
    p.server->stop(std::min(left(), http_grace));
    if (p.metrics_server)
      p.metrics_server->stop(milliseconds{0});
    self->monitor(p.root);
    self->send_exit(p.root, caf::exit_reason::user_shutdown);
    bool ended = false;
    self->receive([&](const caf::down_msg&) { ended = true; },
                  caf::after(std::max(left(), tree_grace)) >> [] {});
    out.in_time = out.in_time && ended;
    p.root = p.store = p.runner = nullptr;
    if (!ended)
      p.system->await_actors_before_shutdown(false);
  }
  if (p.storage)
    out.unfinished = p.storage->unfinished();
  p.storage.reset();
  p.cluster->release();
  p.system.reset();
  return out;
}

} // namespace tutti::services::node

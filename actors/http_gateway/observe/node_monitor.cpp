#include "actors/http_gateway/observe/node_monitor.hpp"

#include "runtime/jobs/store.hpp"

#include <utility>
#include <vector>

#include <caf/event_based_actor.hpp>

namespace tutti::actors::http_gateway {
namespace {

using namespace runtime::jobs;
using beat = caf::atom_constant<caf::atom("beat")>;

constexpr std::chrono::seconds store_patience{2};
constexpr std::chrono::milliseconds slow_store{500};

struct monitor_state {
  static constexpr const char* name = "node-monitor";
  monitor_state() = default;
  std::shared_ptr<health_board> health;
  runtime::telemetry::metrics* metrics = nullptr;
  caf::actor store;
  std::map<std::string, health_probe> probes;
  bool asking = false;
  bool odd = false; ///< every second beat asks the store
};
using self_ptr = runtime::actor::stateful<monitor_state>*;

void show_queues(self_ptr self, const std::vector<queue_view>& queues) {
  for (auto& q : queues) {
    std::uint64_t dead = 0;
    for (std::size_t p = 0; p < priority_count; ++p)
      for (std::size_t s = 0; s < job_status_count; ++s) {
        auto status = static_cast<job_status>(s);
        auto depth = q.depth[p][s];
        if (status == job_status::dead)
          dead += depth;
        if (is_final(status))
          continue;
        self->state.metrics
            ->add_gauge("tutti_queue_depth", "Jobs without a final state",
                        {{"queue", q.name},
                         {"priority", std::string{to_string(static_cast<priority>(p))}},
                         {"state", std::string{to_string(status)}}})
            .set(static_cast<std::int64_t>(depth));
      }
    self->state.metrics
        ->add_gauge("tutti_dead_letters", "Jobs that used up their attempts", {{"queue", q.name}})
        .set(static_cast<std::int64_t>(dead));
  }
}

void ask_store(self_ptr self) {
  if (std::exchange(self->state.asking, true))
    return;
  auto began = self->clock().now();
  auto took = [=] {
    return std::chrono::duration_cast<std::chrono::microseconds>(self->clock().now() - began);
  };
  self->request(self->state.store, store_patience, list_queues{})
      .then(
          [=](const std::vector<queue_view>& queues) {
            self->state.asking = false;
            health_check check{health_status::healthy, true, took(), {}};
            if (took() > slow_store) {
              check.status = health_status::degraded;
              check.detail = "slow to answer";
            }
            self->state.health->set("jobs", std::move(check));
            show_queues(self, queues);
          },
          [=](const caf::error& reason) {
            self->state.asking = false;
            self->state.health->set("jobs",
                                    {health_status::unhealthy, true, took(), runtime::describe(reason)});
          });
}

caf::behavior node_monitor(self_ptr self, std::shared_ptr<health_board> health,
                           runtime::telemetry::metrics* metrics, caf::actor store,
                           std::map<std::string, health_probe> probes) {
  self->state.health = std::move(health);
  self->state.metrics = metrics;
  self->state.store = std::move(store);
  self->state.probes = std::move(probes);
  self->send(self, beat::value);
  return {
      [self](beat) {
        self->state.health->beat();
        self->state.odd = !self->state.odd;
        if (self->state.odd) {
          ask_store(self);
          for (auto& [name, probe] : self->state.probes)
            self->state.health->set(name, probe());
        }
        self->delayed_send(self, health_board::beat_interval, beat::value);
      },
  };
}

} // namespace

caf::actor spawn_node_monitor(caf::event_based_actor& parent, runtime::actor::placement at,
                              std::shared_ptr<health_board> health, runtime::telemetry::metrics& metrics,
                              caf::actor store, std::map<std::string, health_probe> probes) {
  return runtime::actor::spawn_stateful<monitor_state>(parent, std::move(at), 0, node_monitor,
                                                       std::move(health), &metrics, std::move(store),
                                                       std::move(probes));
}

} // namespace tutti::actors::http_gateway

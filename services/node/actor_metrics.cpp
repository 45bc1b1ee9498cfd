#include "services/node/actor_metrics.hpp"

namespace tutti::services::node {

using namespace runtime;
using telemetry::metric_type;

telemetry::metrics::registration add_actor_metrics(telemetry::metrics& metrics,
                                                   const actor::actor_table& table) {
  return metrics.add_collector([&table](telemetry::sample_sink& out) {
    for (auto& type : table.totals()) {
      telemetry::label_set labels{{"type", type.name}};
      auto add = [&](std::string_view name, std::string_view help, metric_type kind, double value) {
        out.add({name, help, kind, labels, value});
      };
      add("tutti_actors", "Live actors", metric_type::gauge, static_cast<double>(type.live));
      add("tutti_actor_messages_total", "Messages handled", metric_type::counter,
          static_cast<double>(type.messages));
      add("tutti_actor_restarts_total", "Restarts by a supervisor", metric_type::counter,
          static_cast<double>(type.restarts));
      add("tutti_actor_rejected_total", "Messages refused by a full mailbox", metric_type::counter,
          static_cast<double>(type.rejected));
      add("tutti_actor_failures_total", "Actors that ended by an error", metric_type::counter,
          static_cast<double>(type.failures));
      add("tutti_actor_mailbox_depth", "Messages waiting", metric_type::gauge,
          static_cast<double>(type.mailbox));
      add("tutti_actor_busy_seconds_total", "Time in handlers", metric_type::counter,
          static_cast<double>(type.busy_ns) / 1e9);
    }
  });
}

} // namespace tutti::services::node

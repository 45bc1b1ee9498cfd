#include "services/http_client/service_metrics.hpp"

#include <utility>

namespace tutti::services::http_client {

service_metrics::service_metrics(runtime::telemetry::metrics& in, std::string service)
    : in_(in), service_(std::move(service)),
      duration_(in.add_latency("tutti_external_request_duration_seconds",
                               "Attempts at requests to the outside", {{"service", service_}})),
      circuit_(in.add_gauge("tutti_circuit_state",
                            "Worst of a service's hosts: 0 closed, 1 half-open, 2 open",
                            {{"service", service_}})) {}

void service_metrics::count(std::string_view outcome) {
  auto known = outcomes_.find(outcome);
  if (known == outcomes_.end())
    known =
        outcomes_
            .emplace(outcome,
                     &in_.add_counter("tutti_external_requests_total", "Attempts at requests to the outside",
                                      {{"service", service_}, {"outcome", std::string{outcome}}}))
            .first;
  known->second->inc();
}

void service_metrics::took(std::chrono::nanoseconds time) {
  duration_.observe(time);
}

} // namespace tutti::services::http_client

#pragma once
#include "runtime/telemetry/metrics.hpp"
#include "services/http/server.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace tutti::services::node {

/// A server for GET /metrics alone, for networks where Prometheus may not reach the API (metrics.port). Not
/// started yet; `metrics` must outlive it.
std::unique_ptr<http::server> make_metrics_server(std::string address, std::uint16_t port,
                                                  const runtime::telemetry::metrics& metrics);

} // namespace tutti::services::node

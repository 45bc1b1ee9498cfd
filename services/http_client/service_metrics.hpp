#pragma once
#include "runtime/telemetry/metrics.hpp"

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace tutti::services::http_client {

/// What is counted of the requests to one service. Each is resolved once.
class service_metrics {
public:
  service_metrics(runtime::telemetry::metrics& in, std::string service);

  /// `outcome`: "2xx" … "5xx", "429", or an http_failure's name.
  void count(std::string_view outcome);
  void took(std::chrono::nanoseconds time);
  void circuit(int state) { circuit_.set(state); }

private:
  runtime::telemetry::metrics& in_;
  std::string service_;
  std::map<std::string, runtime::telemetry::counter*, std::less<>> outcomes_;
  runtime::telemetry::latency_histogram& duration_;
  runtime::telemetry::gauge& circuit_;
};

} // namespace tutti::services::http_client

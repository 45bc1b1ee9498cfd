#pragma once
#include "runtime/jobs/observer.hpp"
#include "runtime/telemetry/events.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace tutti::runtime::jobs {

/// Turns job changes into metrics (tutti_jobs_…, tutti_job_…), events and log lines. Both sinks must outlive
/// it. Called by one actor at a time.
class job_telemetry final : public job_observer {
public:
  job_telemetry(telemetry::metrics& metrics, telemetry::event_bus& events)
      : metrics_(metrics), events_(events) {}

  void accepted(std::string_view type) override;
  void changed(const job_change& change) override;

private:
  struct of_type {
    telemetry::counter* submitted = nullptr;
    telemetry::counter* finished[job_status_count] = {};
    telemetry::latency_histogram* duration = nullptr;
  };
  of_type& type(std::string_view name);
  telemetry::latency_histogram& wait(std::string_view queue);

  telemetry::metrics& metrics_;
  telemetry::event_bus& events_;
  std::map<std::string, of_type, std::less<>> types_;
  std::map<std::string, telemetry::latency_histogram*, std::less<>> waits_;
  std::string detail_; ///< of the event in hand; here for its memory
};

} // namespace tutti::runtime::jobs

#pragma once
#include "runtime/jobs/job.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace tutti::runtime::jobs {

/// One change of a job's status. The views are valid during the call.
struct job_change {
  job_id id;
  std::string_view type, queue, node, error_kind;
  job_status status = job_status::queued;
  std::uint32_t attempt = 0;
  unix_ms waited_ms = 0;         ///< running: from ready to claimed
  std::optional<unix_ms> ran_ms; ///< when an attempt ended with it: how long it took
  telemetry::trace_context trace;
};

/// Is told of each change, for metrics and events. Called by the provider's actor; must be quick.
class job_observer {
public:
  virtual ~job_observer() = default;
  virtual void accepted(std::string_view type) = 0;
  virtual void changed(const job_change& change) = 0;
};

} // namespace tutti::runtime::jobs

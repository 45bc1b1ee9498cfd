#pragma once
#include "runtime/jobs/planned_schedule.hpp"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tutti::runtime::jobs::memory {

/// Recurring jobs of the memory provider.
class memory_schedules {
public:
  /// Replaces one of that name. Words when the recurrence is not valid or there are too many schedules.
  std::variant<schedule_view, std::string> put(schedule_spec spec, unix_ms now);
  bool remove(const std::string& name) { return entries_.erase(name) != 0; }
  std::vector<schedule_view> list() const;
  std::optional<unix_ms> next_due() const;

  /// The jobs that are due, each with a new id.
  std::vector<job_spec> due(unix_ms now);

private:
  std::map<std::string, planned_schedule> entries_;
};

} // namespace tutti::runtime::jobs::memory

#pragma once
#include "runtime/jobs/schedule/schedule.hpp"
#include "runtime/jobs/store.hpp"

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace tutti::runtime::jobs {

inline constexpr std::size_t max_schedules = 10000; ///< of one store

/// A recurring job and when it runs next; what a provider keeps.
struct planned_schedule {
  schedule_view view;
  unix_ms nominal_next = 0; ///< without the jitter; 0: none
  unix_ms anchor = 0;       ///< that an interval counts from

  /// Takes the place of `earlier`, when there is one. Words when the recurrence is not valid.
  static std::variant<planned_schedule, std::string> make(schedule_spec spec, unix_ms now,
                                                          const schedule_view* earlier);
  bool due(unix_ms now) const noexcept { return view.next_at != 0 && view.next_at <= now; }
  /// The jobs that are due, each with a new id; plans the next run.
  std::vector<job_spec> take(unix_ms now);

private:
  void plan(const recurrence& when, unix_ms after);
};

} // namespace tutti::runtime::jobs

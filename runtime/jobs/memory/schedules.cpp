#include "runtime/jobs/memory/schedules.hpp"

#include <utility>

namespace tutti::runtime::jobs::memory {

std::variant<schedule_view, std::string> memory_schedules::put(schedule_spec spec, unix_ms now) {
  auto known = entries_.find(spec.name);
  if (known == entries_.end() && entries_.size() >= max_schedules)
    return "there are " + std::to_string(max_schedules) + " schedules already";
  auto made =
      planned_schedule::make(std::move(spec), now, known == entries_.end() ? nullptr : &known->second.view);
  if (auto* words = std::get_if<std::string>(&made))
    return std::move(*words);
  auto& planned = std::get<planned_schedule>(made);
  auto view = planned.view;
  entries_.insert_or_assign(view.spec.name, std::move(planned));
  return view;
}

std::vector<schedule_view> memory_schedules::list() const {
  std::vector<schedule_view> out;
  for (auto& [name, e] : entries_)
    out.push_back(e.view);
  return out;
}

std::optional<unix_ms> memory_schedules::next_due() const {
  std::optional<unix_ms> due;
  for (auto& [name, e] : entries_)
    if (!e.view.spec.paused && e.view.next_at != 0 && (!due || e.view.next_at < *due))
      due = e.view.next_at;
  return due;
}

std::vector<job_spec> memory_schedules::due(unix_ms now) {
  std::vector<job_spec> out;
  for (auto& [name, e] : entries_)
    for (auto& job : e.take(now))
      out.push_back(std::move(job));
  return out;
}

} // namespace tutti::runtime::jobs::memory

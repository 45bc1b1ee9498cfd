#include "runtime/jobs/memory/schedules.hpp"

#include "runtime/telemetry/trace.hpp"

#include <utility>

namespace tutti::runtime::jobs::memory {
namespace {

constexpr std::size_t max_schedules = 10000;
constexpr std::size_t max_caught_up = 1000; ///< of one schedule at one time
constexpr unix_ms on_time_ms = 10000;       ///< so much later than planned is not a missed run

} // namespace

void memory_schedules::plan(entry& e, unix_ms after) {
  auto next = e.view.spec.paused ? std::nullopt : e.when.next_after(after);
  e.nominal_next = next.value_or(0);
  e.view.next_at = e.nominal_next;
  if (next && e.view.spec.jitter_ms > 0)
    e.view.next_at += static_cast<unix_ms>(telemetry::random_bits()
                                           % (static_cast<std::uint64_t>(e.view.spec.jitter_ms) + 1));
}

std::variant<schedule_view, std::string> memory_schedules::put(schedule_spec spec, unix_ms now) {
  auto parsed = spec.cron.empty() ? recurrence::every(spec.interval_ms, now)
                                  : recurrence::parse_cron(spec.cron, spec.time_zone);
  if (auto* words = std::get_if<std::string>(&parsed))
    return *words;
  auto known = entries_.find(spec.name);
  if (known == entries_.end() && entries_.size() >= max_schedules)
    return "there are " + std::to_string(max_schedules) + " schedules already";
  entry e{{}, std::get<recurrence>(std::move(parsed)), 0};
  if (known != entries_.end())
    e.view = known->second.view;
  else
    e.view.created_at = now;
  e.view.spec = std::move(spec);
  plan(e, now);
  auto& placed = entries_.insert_or_assign(e.view.spec.name, std::move(e)).first->second;
  return placed.view;
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
  for (auto& [name, e] : entries_) {
    auto& v = e.view;
    if (v.next_at == 0 || v.next_at > now)
      continue;
    std::size_t passed = 0;
    auto latest = e.nominal_next;
    for (; e.nominal_next != 0 && v.next_at <= now && passed < max_caught_up; ++passed) {
      latest = e.nominal_next;
      plan(e, e.nominal_next);
    }
    if (v.next_at != 0 && v.next_at <= now)
      plan(e, now); // too many to count: go on from here
    auto runs = v.spec.missed == catch_up::all                  ? passed
                : v.spec.missed == catch_up::once               ? std::size_t{1}
                : now - latest <= on_time_ms + v.spec.jitter_ms ? std::size_t{1}
                                                                : std::size_t{0};
    for (std::size_t i = 0; i < runs; ++i) {
      auto job = v.spec.job;
      job.id = make_job_id(now);
      job.trace = telemetry::trace_context::new_root();
      v.last_job = job.id;
      v.last_at = now;
      ++v.fired;
      out.push_back(std::move(job));
    }
  }
  return out;
}

} // namespace tutti::runtime::jobs::memory

#include "runtime/jobs/planned_schedule.hpp"

#include "runtime/telemetry/trace.hpp"

#include <utility>

namespace tutti::runtime::jobs {
namespace {

constexpr std::size_t max_caught_up = 1000; ///< of one schedule at one time
constexpr unix_ms on_time_ms = 10000;       ///< so much later than planned is not a missed run

std::variant<recurrence, std::string> recurrence_of(const schedule_spec& spec, unix_ms anchor) {
  return spec.cron.empty() ? recurrence::every(spec.interval_ms, anchor)
                           : recurrence::parse_cron(spec.cron, spec.time_zone);
}

} // namespace

void planned_schedule::plan(const recurrence& when, unix_ms after) {
  auto next = view.spec.paused ? std::nullopt : when.next_after(after);
  nominal_next = next.value_or(0);
  view.next_at = nominal_next;
  if (next && view.spec.jitter_ms > 0)
    view.next_at += static_cast<unix_ms>(telemetry::random_bits()
                                         % (static_cast<std::uint64_t>(view.spec.jitter_ms) + 1));
}

std::variant<planned_schedule, std::string> planned_schedule::make(schedule_spec spec, unix_ms now,
                                                                   const schedule_view* earlier) {
  planned_schedule made;
  if (earlier)
    made.view = *earlier;
  else
    made.view.created_at = now;
  made.view.spec = std::move(spec);
  made.anchor = now;
  auto parsed = recurrence_of(made.view.spec, now);
  if (auto* words = std::get_if<std::string>(&parsed))
    return *words;
  made.plan(std::get<recurrence>(parsed), now);
  return made;
}

std::vector<job_spec> planned_schedule::take(unix_ms now) {
  std::vector<job_spec> out;
  auto parsed = recurrence_of(view.spec, anchor);
  auto* when = std::get_if<recurrence>(&parsed);
  if (!when || !due(now))
    return out;
  std::size_t passed = 0;
  auto latest = nominal_next;
  for (; nominal_next != 0 && view.next_at <= now && passed < max_caught_up; ++passed) {
    latest = nominal_next;
    plan(*when, nominal_next);
  }
  if (due(now))
    plan(*when, now); // too many to count: go on from here
  auto& spec = view.spec;
  auto runs = spec.missed == catch_up::all                  ? passed
              : spec.missed == catch_up::once               ? std::size_t{1}
              : now - latest <= on_time_ms + spec.jitter_ms ? std::size_t{1}
                                                            : std::size_t{0};
  for (std::size_t i = 0; i < runs; ++i) {
    auto job = spec.job;
    job.id = make_job_id(now);
    job.trace = telemetry::trace_context::new_root();
    view.last_job = job.id;
    view.last_at = now;
    ++view.fired;
    out.push_back(std::move(job));
  }
  return out;
}

} // namespace tutti::runtime::jobs

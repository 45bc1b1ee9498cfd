#include "runtime/jobs/job_telemetry.hpp"

#include "runtime/telemetry/log.hpp"

#include <chrono>
#include <utility>

namespace tutti::runtime::jobs {
namespace {

telemetry::event_kind kind_of(job_status status) {
  switch (status) {
  case job_status::scheduled:
    return "job.scheduled";
  case job_status::queued:
    return "job.queued";
  case job_status::running:
    return "job.running";
  case job_status::retrying:
    return "job.retrying";
  case job_status::succeeded:
    return "job.succeeded";
  case job_status::dead:
    return "job.dead";
  case job_status::cancelled:
    return "job.cancelled";
  }
  return "job.changed";
}

} // namespace

job_telemetry::of_type& job_telemetry::type(std::string_view name) {
  auto i = types_.find(name);
  if (i == types_.end()) {
    i = types_.emplace(std::string{name}, of_type{}).first;
    telemetry::label_set labels{{"type", i->first}};
    i->second.submitted = &metrics_.add_counter("tutti_jobs_submitted_total", "Jobs accepted", labels);
    i->second.duration =
        &metrics_.add_latency("tutti_job_duration_seconds", "Duration of one attempt", labels);
  }
  return i->second;
}

telemetry::latency_histogram& job_telemetry::wait(std::string_view queue) {
  auto i = waits_.find(queue);
  if (i == waits_.end()) {
    std::string name{queue};
    auto& made =
        metrics_.add_latency("tutti_job_wait_seconds", "Time from runnable to claimed", {{"queue", name}});
    i = waits_.emplace(name, &made).first;
  }
  return *i->second;
}

void job_telemetry::accepted(std::string_view name) {
  type(name).submitted->inc();
}

void job_telemetry::changed(const job_change& change) {
  auto& counted = type(change.type);
  if (change.status == job_status::running)
    wait(change.queue).observe(std::chrono::milliseconds{change.waited_ms});
  if (change.ran_ms)
    counted.duration->observe(std::chrono::milliseconds{*change.ran_ms});
  if (is_final(change.status)) {
    auto*& finished = counted.finished[static_cast<std::size_t>(change.status)];
    if (!finished)
      finished = &metrics_.add_counter(
          "tutti_jobs_finished_total", "Jobs that reached a final state",
          {{"type", std::string{change.type}}, {"outcome", std::string{to_string(change.status)}}});
    finished->inc();
  }
  auto id = to_string(change.id);
  detail_.assign(R"({"type":")").append(change.type); // names are of a-z 0-9 . _ -: nothing to escape
  detail_.append(R"(","queue":")").append(change.queue);
  detail_.append(R"(","attempt":)").append(std::to_string(change.attempt)).append("}");
  events_.publish(telemetry::topic::job, kind_of(change.status), id, detail_);
  auto& log = telemetry::get();
  bool dead = change.status == job_status::dead;
  if (!log.enabled(dead ? telemetry::level::warn : telemetry::level::debug))
    return;
  auto line = log.with({change.trace, id});
  if (dead)
    line.warn("job.dead type={} queue={} attempt={} kind={}", change.type, change.queue, change.attempt,
              change.error_kind);
  else
    line.debug("job.{} type={} attempt={} node={}", to_string(change.status), change.type, change.attempt,
               change.node);
}

} // namespace tutti::runtime::jobs

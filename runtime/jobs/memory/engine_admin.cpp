#include "runtime/jobs/memory/engine.hpp"

#include <algorithm>

// What operators do to jobs and queues.
namespace tutti::runtime::jobs::memory {

std::optional<std::pair<cancel_result, memory_jobs::worker_id>> memory_jobs::cancel(job_id id, unix_ms now) {
  auto* r = lookup(id);
  if (!r)
    return std::nullopt;
  auto outcome = cancelled::finished;
  if (r->status == job_status::cancelled) {
    outcome = cancelled::already;
  } else if (r->status == job_status::running) {
    r->cancel_requested = true;
    outcome = cancelled::requested;
  } else if (!is_final(r->status)) {
    leave_lists(*r);
    finish_job(*r, job_status::cancelled, now);
    outcome = cancelled::done;
  }
  return std::pair{cancel_result{outcome, view(*r, true)}, outcome == cancelled::requested ? r->worker : 0};
}

/// Runs a dead or cancelled job again with its whole allowance of attempts; their numbers go on. Not when
/// another one has taken its place as the unique one.
bool memory_jobs::restart(record& r, unix_ms now) {
  if (r.unique != unique_policy::none
      && !unique_.try_emplace({types_[r.type], r.extras->unique_value}, &r).second)
    return false;
  if (r.status == job_status::cancelled)
    finished_.remove(r);
  r.attempts_spent = 0;
  r.worker_deaths = 0;
  r.cancel_requested = false;
  r.finished_at = 0;
  make_ready(r, now);
  notify(r, 0, no_attempt);
  return true;
}

change memory_jobs::retry(job_id id, bool dead_only, unix_ms now) {
  auto* r = lookup(id);
  if (!r)
    return change::not_found;
  if (r->status != job_status::dead && (dead_only || r->status != job_status::cancelled))
    return change::conflict;
  return restart(*r, now) ? change::done : change::not_unique;
}

std::uint32_t memory_jobs::retry_dead(const job_filter& filter, std::uint32_t max, unix_ms now) {
  std::vector<record*> chosen;
  by_status_[static_cast<std::size_t>(job_status::dead)].for_each_after({}, [&](record& r) {
    if (chosen.size() < max && matches(r, filter))
      chosen.push_back(&r);
    return chosen.size() < max;
  });
  return static_cast<std::uint32_t>(
      std::count_if(chosen.begin(), chosen.end(), [&](auto* r) { return restart(*r, now); }));
}

change memory_jobs::discard(job_id id, unix_ms now) {
  auto* r = lookup(id);
  if (!r)
    return change::not_found;
  if (r->status != job_status::dead)
    return change::conflict;
  erase(*r, now);
  return change::done;
}

std::optional<queue_view> memory_jobs::pause(const std::string& name, bool paused, unix_ms now) {
  auto* q = make_queue(name);
  if (!q)
    return std::nullopt;
  q->paused = paused;
  return view(*q, now);
}

std::size_t memory_jobs::purge(const std::string& name, std::size_t max, unix_ms until, unix_ms now) {
  auto* q = find_queue(name);
  if (!q)
    return 0;
  std::vector<record*> chosen;
  for (auto status : {job_status::scheduled, job_status::queued, job_status::retrying}) {
    std::uint64_t in_queue = 0;
    for (auto& level : q->depth)
      in_queue += level[static_cast<std::size_t>(status)];
    if (in_queue != 0)
      by_status_[static_cast<std::size_t>(status)].for_each_after({}, [&](record& r) {
        if (queues_[r.queue].get() == q && r.created_at <= until)
          chosen.push_back(&r);
        return chosen.size() < max;
      });
    if (chosen.size() >= max)
      break;
  }
  for (auto* r : chosen) {
    leave_lists(*r);
    r->more().error = {"purged", "its queue was purged"};
    finish_job(*r, job_status::cancelled, now);
  }
  trim(now, chosen.size());
  return chosen.size();
}

} // namespace tutti::runtime::jobs::memory

#include "runtime/jobs/memory/engine.hpp"

#include <algorithm>

// The reading half of the memory provider: views, lists, filters.
namespace tutti::runtime::jobs::memory {
namespace {

constexpr std::size_t scan_per_page = 20000; ///< records looked at for one page of a rare filter

} // namespace

bool memory_jobs::matches(const record& r, const job_filter& filter) const {
  if (filter.status && r.status != *filter.status)
    return false;
  if (!filter.type.empty() && types_[r.type] != filter.type)
    return false;
  if (!filter.queue.empty() && queues_[r.queue]->name != filter.queue)
    return false;
  if (!filter.idempotency_key.empty() && r.idempotency_key() != filter.idempotency_key)
    return false;
  if (!filter.error.empty()) {
    if (!r.extras)
      return false;
    auto& error = r.extras->error;
    return error.kind.find(filter.error) != std::string::npos
           || error.message.find(filter.error) != std::string::npos;
  }
  return true;
}

job_view memory_jobs::view(const record& r, bool with_history) const {
  job_view out;
  out.id = r.id;
  out.type = types_[r.type];
  out.queue = queues_[r.queue]->name;
  out.key = r.key();
  out.idempotency_key = r.idempotency_key();
  out.payload = r.payload();
  out.priority = r.priority;
  out.status = r.status;
  out.attempt = r.attempt;
  out.max_attempts = r.max_attempts;
  out.timeout_ms = r.timeout_ms;
  out.cancel_requested = r.cancel_requested;
  out.node = workers_[r.worker];
  out.created_at = r.created_at;
  if (r.status == job_status::scheduled || r.status == job_status::retrying)
    out.run_at = r.due_at;
  out.started_at = r.started_at;
  out.finished_at = r.finished_at;
  out.trace_id = r.trace.trace_id_hex();
  if (r.extras) {
    out.progress = r.extras->progress;
    out.result = r.extras->result;
    out.error = r.extras->error;
  }
  if (!with_history)
    return out;
  if (r.extras)
    out.history = r.extras->history;
  if (r.status == job_status::running)
    out.history.push_back({r.attempt, workers_[r.worker], r.started_at, 0, "running", {}});
  else if (r.status == job_status::succeeded && r.attempt == 1)
    out.history.push_back({1, workers_[r.worker], r.started_at, r.finished_at, "succeeded", {}});
  return out;
}

std::optional<job_view> memory_jobs::find(job_id id) const {
  auto* r = lookup(id);
  if (!r)
    return std::nullopt;
  return view(*r, true);
}

std::uint64_t memory_jobs::token(job_id id) const noexcept {
  auto* r = lookup(id);
  return r ? r->token : 0;
}

job_page memory_jobs::list(const list_jobs& query) {
  job_page page;
  auto& filter = query.filter;
  if (!filter.idempotency_key.empty()) {
    auto known = by_key_.find(filter.idempotency_key);
    auto* r = known ? lookup(known->id) : nullptr;
    if (r && r->id > query.after && matches(*r, filter))
      page.jobs.push_back(view(*r, false));
    return page;
  }
  // Each status has an index of its own; the page is the merge of their beginnings.
  std::vector<const record*> found;
  std::optional<job_id> seen_up_to; // an index that was not read to its end bounds what the page may hold
  for (std::size_t s = 0; s < job_status_count; ++s) {
    if (filter.status && *filter.status != static_cast<job_status>(s))
      continue;
    std::size_t taken = 0, looked_at = 0;
    by_status_[s].for_each_after(query.after, [&](record& r) {
      if (matches(r, filter)) {
        found.push_back(&r);
        ++taken;
      }
      if (taken <= query.limit && ++looked_at < scan_per_page)
        return true;
      if (!seen_up_to || r.id < *seen_up_to)
        seen_up_to = r.id;
      return false;
    });
  }
  std::sort(found.begin(), found.end(), [](auto* x, auto* y) { return x->id < y->id; });
  if (seen_up_to)
    std::erase_if(found, [&](auto* r) { return r->id > *seen_up_to; });
  page.more = seen_up_to.has_value() || found.size() > query.limit;
  if (found.size() > query.limit)
    found.resize(query.limit);
  for (auto* r : found)
    page.jobs.push_back(view(*r, false));
  if (page.more)
    page.last = page.jobs.size() == query.limit && query.limit != 0 ? page.jobs.back().id
                                                                    : seen_up_to.value_or(job_id{});
  return page;
}

queue_view memory_jobs::view(const queue& q, unix_ms now) const {
  queue_view out;
  out.name = q.name;
  out.paused = q.paused;
  out.concurrency = q.limits.concurrency;
  out.rate = q.limits.rate;
  for (std::size_t p = 0; p < priority_count; ++p)
    std::copy(std::begin(q.depth[p]), std::end(q.depth[p]), std::begin(out.depth[p]));
  out.oldest_ready = q.oldest();
  out.submitted_per_s = q.submitted.per_second(now);
  out.finished_per_s = q.finished.per_second(now);
  return out;
}

std::vector<queue_view> memory_jobs::queues(unix_ms now) const {
  std::vector<queue_view> out;
  for (auto& q : queues_)
    out.push_back(view(*q, now));
  std::sort(out.begin(), out.end(), [](auto& x, auto& y) { return x.name < y.name; });
  return out;
}

} // namespace tutti::runtime::jobs::memory

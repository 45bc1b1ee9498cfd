#include "runtime/jobs/memory/engine.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace tutti::runtime::jobs::memory {
namespace {

constexpr std::size_t trim_per_submission = 4; ///< more than one comes in, so that the backlog shrinks
constexpr std::size_t trim_per_tick = 2000;
constexpr std::size_t history_kept = 20;
constexpr std::size_t max_types = 4096;
constexpr std::size_t max_attempts = 65535; ///< of a record
constexpr unix_ms longest_delay = unix_ms{366} * 24 * 3600 * 1000;
constexpr unix_ms trim_interval = 100; ///< while more is kept than should be

unix_ms later(unix_ms now, std::int64_t delay) noexcept {
  return now + std::clamp<std::int64_t>(delay, 0, longest_delay);
}

bool waits(job_status s) noexcept {
  return s == job_status::scheduled || s == job_status::queued || s == job_status::retrying;
}

} // namespace

memory_jobs::memory_jobs(store_options options, job_observer* observer)
    : options_(std::move(options)), observer_(observer), workers_{""} {
  for (auto& [name, limits] : options_.queues)
    queues_.push_back(std::make_unique<queue>(name, limits));
  make_queue("default"); // most jobs name no queue: there must always be this one
}

memory_jobs::~memory_jobs() = default;

record* memory_jobs::lookup(job_id id) const noexcept {
  auto i = by_id_.find(id);
  return i == by_id_.end() ? nullptr : i->second.get();
}

std::optional<std::uint16_t> memory_jobs::type_index(std::string_view type) {
  auto i = type_numbers_.find(type);
  if (i == type_numbers_.end()) {
    if (types_.size() >= max_types)
      return std::nullopt;
    i = type_numbers_.emplace(std::string{type}, static_cast<std::uint16_t>(types_.size())).first;
    types_.emplace_back(type);
  }
  return i->second;
}

queue* memory_jobs::find_queue(std::string_view name) const {
  auto i = std::find_if(queues_.begin(), queues_.end(), [&](auto& q) { return q->name == name; });
  return i == queues_.end() ? nullptr : i->get();
}

queue* memory_jobs::make_queue(const std::string& name) {
  if (auto* known = find_queue(name))
    return known;
  if (queues_.size() >= options_.max_queues)
    return nullptr;
  return queues_.emplace_back(std::make_unique<queue>(name, queue_limits{})).get();
}

void memory_jobs::notify(const record& r, unix_ms waited_ms, unix_ms ran_ms) const {
  if (!observer_)
    return;
  auto kind = r.extras ? std::string_view{r.extras->error.kind} : std::string_view{};
  observer_->changed({r.id, types_[r.type], queues_[r.queue]->name, workers_[r.worker], kind, r.status,
                      r.attempt, std::max<unix_ms>(waited_ms, 0),
                      ran_ms == no_attempt ? std::nullopt : std::optional{std::max<unix_ms>(ran_ms, 0)},
                      r.trace});
}

void memory_jobs::set_status(record& r, job_status status) {
  auto& depth = queues_[r.queue]->depth[static_cast<std::size_t>(r.priority)];
  by_status_[static_cast<std::size_t>(r.status)].remove(r);
  --depth[static_cast<std::size_t>(r.status)];
  r.status = status;
  by_status_[static_cast<std::size_t>(status)].add(r);
  ++depth[static_cast<std::size_t>(status)];
}

std::string memory_jobs::line_name(const record& r) const {
  std::string name{static_cast<char>(r.queue & 0xff), static_cast<char>(r.queue >> 8)};
  name += r.key();
  return name;
}

void memory_jobs::make_ready(record& r, unix_ms now) {
  if (r.status != job_status::queued)
    set_status(r, job_status::queued);
  r.due_at = now;
  r.listed = true;
  if (r.key_size != 0) {
    auto& place = lines_[line_name(r)];
    if (place.holder && place.holder != &r) {
      place.waiting.push_back(r);
      return;
    }
    place.holder = &r;
  }
  queues_[r.queue]->push(r);
}

void memory_jobs::wait_until(record& r, unix_ms due, job_status status, unix_ms now) {
  if (due <= now) {
    make_ready(r, now);
    return;
  }
  if (r.status != status)
    set_status(r, status);
  r.due_at = due;
  delayed_.emplace(due, r.id);
}

/// Takes a waiting job out of whatever it waits in.
void memory_jobs::leave_lists(record& r) noexcept {
  if (r.status == job_status::scheduled || r.status == job_status::retrying)
    delayed_.erase({r.due_at, r.id});
  if (!std::exchange(r.listed, false))
    return;
  if (r.key_size != 0) {
    auto& place = lines_.at(line_name(r));
    if (place.holder != &r) {
      place.waiting.remove(r);
      return;
    }
  }
  queues_[r.queue]->remove(r);
}

/// The job keeps its key from its first place in the line to its final state, retries included: strict order.
void memory_jobs::release_key(record& r) {
  if (r.key_size == 0)
    return;
  auto i = lines_.find(line_name(r));
  if (i == lines_.end() || i->second.holder != &r)
    return;
  auto* next = i->second.waiting.pop_front();
  i->second.holder = next;
  if (next)
    queues_[next->queue]->push(*next);
  else
    lines_.erase(i);
}

submit_result memory_jobs::submit(job_spec&& spec, unix_ms now) {
  if (!spec.idempotency_key.empty())
    if (auto known = by_key_.find(spec.idempotency_key)) {
      auto* r = lookup(known->id);
      if (r && r->id == spec.id) // sent again by ourselves
        return {submitted::accepted, r->id, r->status};
      auto body = r ? r->body : known->gone ? known->gone->first : fingerprint{};
      auto status = r ? r->status : known->gone ? known->gone->second : job_status::succeeded;
      return {body == spec.body ? submitted::duplicate : submitted::key_misused, known->id, status};
    }
  if (auto* r = lookup(spec.id)) // sent again by ourselves
    return {submitted::accepted, r->id, r->status};
  record* replaced = nullptr;
  if (spec.unique != unique_policy::none) {
    auto i = unique_.find({spec.type, spec.unique_value});
    if (i != unique_.end()) {
      auto& first = *i->second;
      if (spec.unique == unique_policy::reject)
        return {submitted::not_unique, first.id, first.status};
      if (spec.unique == unique_policy::keep || !waits(first.status))
        return {submitted::duplicate, first.id, first.status};
      replaced = &first;
    }
  }
  if (by_id_.size() - finished_.size() - (replaced ? 1 : 0) >= options_.max_jobs)
    return {submitted::full, {}, job_status::queued};
  auto type = type_index(spec.type);
  if (!type)
    return {submitted::full, {}, job_status::queued};
  auto* q = make_queue(spec.queue);
  if (!q)
    return {submitted::no_queue, {}, job_status::queued};
  if (replaced) {
    leave_lists(*replaced);
    replaced->more().error = {"replaced", "replaced by " + to_string(spec.id)};
    finish_job(*replaced, job_status::cancelled, now);
  }
  trim(now, trim_per_submission);

  auto owned = std::make_unique<record>();
  auto& r = *owned;
  r.id = spec.id;
  r.created_at = now;
  r.body = spec.body;
  r.payload_size = static_cast<std::uint32_t>(spec.payload.size());
  r.idempotency_size = static_cast<std::uint16_t>(spec.idempotency_key.size());
  r.key_size = static_cast<std::uint16_t>(spec.key.size());
  r.text = std::make_unique_for_overwrite<char[]>(spec.payload.size() + spec.idempotency_key.size()
                                                  + spec.key.size());
  auto* end = std::copy(spec.payload.begin(), spec.payload.end(), r.text.get());
  end = std::copy(spec.idempotency_key.begin(), spec.idempotency_key.end(), end);
  std::copy(spec.key.begin(), spec.key.end(), end);
  r.timeout_ms = spec.timeout_ms;
  r.type = *type;
  r.queue = static_cast<std::uint16_t>(
      std::find_if(queues_.begin(), queues_.end(), [&](auto& x) { return x.get() == q; }) - queues_.begin());
  r.max_attempts = static_cast<std::uint16_t>(std::min<std::size_t>(spec.max_attempts, max_attempts));
  r.priority = spec.priority;
  r.trace = spec.trace;
  r.unique = spec.unique;
  r.status = spec.run_at > now ? job_status::scheduled : job_status::queued;
  by_id_.emplace(r.id, std::move(owned));
  by_status_[static_cast<std::size_t>(r.status)].add(r);
  ++q->depth[static_cast<std::size_t>(r.priority)][static_cast<std::size_t>(r.status)];
  q->submitted.add(now);
  if (r.idempotency_size != 0)
    by_key_.add(spec.idempotency_key, r.id);
  if (r.unique != unique_policy::none) {
    r.more().unique_value = spec.unique_value;
    unique_[{types_[r.type], spec.unique_value}] = &r;
  }
  wait_until(r, spec.run_at, job_status::scheduled, now);
  if (observer_)
    observer_->accepted(spec.type);
  notify(r, 0, no_attempt);
  return {submitted::accepted, r.id, r.status};
}

memory_jobs::worker_id memory_jobs::attach(std::string node) {
  workers_.push_back(std::move(node));
  return static_cast<worker_id>(workers_.size() - 1);
}

void memory_jobs::detach(worker_id worker, bool died, unix_ms now) {
  std::vector<record*> held;
  by_status_[static_cast<std::size_t>(job_status::running)].for_each_after({}, [&](record& r) {
    if (r.worker == worker)
      held.push_back(&r);
    return true;
  });
  for (auto* r : held)
    lose(*r, died, now);
}

claimed_job memory_jobs::hand_out(record& r, worker_id worker, unix_ms now) {
  auto waited = now - r.due_at;
  r.listed = false;
  r.worker = worker;
  ++r.attempt;
  ++r.attempts_spent;
  r.started_at = now;
  r.lease_until = now + options_.claim_ttl_ms;
  r.token = std::max(r.token + 1, static_cast<std::uint64_t>(now) * 1000);
  set_status(r, job_status::running);
  ++queues_[r.queue]->running;
  notify(r, waited, no_attempt);
  claimed_job out;
  out.id = r.id;
  out.token = r.token;
  out.type = types_[r.type];
  out.payload = r.payload();
  out.queue = queues_[r.queue]->name;
  out.key = r.key();
  out.attempt = r.attempt;
  out.attempts_left = r.max_attempts > r.attempts_spent ? r.max_attempts - r.attempts_spent : 0;
  out.attempts_spent = r.attempts_spent;
  out.timeout_ms = r.timeout_ms;
  out.created_at = r.created_at;
  out.lease_until = r.lease_until;
  out.trace = r.trace;
  return out;
}

void memory_jobs::claim(worker_id worker, std::size_t max, unix_ms now, std::vector<claimed_job>& out) {
  // One job of each queue in turn, so that a full queue does not hide the others.
  std::size_t idle = 0;
  while (max > 0 && idle < queues_.size()) {
    next_queue_ = (next_queue_ + 1) % queues_.size();
    if (auto* r = queues_[next_queue_]->take(now, options_.ageing_ms)) {
      out.push_back(hand_out(*r, worker, now));
      --max;
      idle = 0;
    } else {
      ++idle;
    }
  }
}

/// Writes the attempt into the history, unless the job's own fields say it all (a first attempt that
/// succeeds).
void memory_jobs::end_attempt(record& r, std::string_view outcome, const job_error& error, unix_ms now) {
  --queues_[r.queue]->running;
  if (r.attempt == 1 && outcome == "succeeded")
    return;
  auto& history = r.more().history;
  if (history.size() == history_kept)
    history.erase(history.begin());
  history.push_back({r.attempt, workers_[r.worker], r.started_at, now, std::string{outcome}, error});
}

void memory_jobs::finish_job(record& r, job_status status, unix_ms now) {
  auto ran = r.status == job_status::running ? now - r.started_at : no_attempt;
  set_status(r, status);
  r.finished_at = now;
  queues_[r.queue]->finished.add(now);
  if (status != job_status::dead) // dead letters stay until somebody decides
    finished_.push_back(r);
  if (r.unique != unique_policy::none)
    if (auto i = unique_.find({types_[r.type], r.extras->unique_value});
        i != unique_.end() && i->second == &r)
      unique_.erase(i);
  release_key(r);
  notify(r, 0, ran);
}

bool memory_jobs::finish(attempt_outcome&& outcome, unix_ms now) {
  using kind = attempt_outcome::kind;
  auto* found = lookup(outcome.id);
  if (!found || found->status != job_status::running || found->token != outcome.token)
    return false;
  auto& r = *found;
  if (outcome.what == kind::retry && (r.attempts_spent >= r.max_attempts || r.cancel_requested))
    outcome.what = r.cancel_requested ? kind::cancelled : kind::dead;
  if ((outcome.what == kind::snoozed || outcome.what == kind::released) && r.cancel_requested)
    outcome.what = kind::cancelled;
  switch (outcome.what) {
  case kind::succeeded:
    end_attempt(r, "succeeded", {}, now);
    if (r.extras)
      r.extras->error = {};
    r.more().result = std::move(outcome.result);
    finish_job(r, job_status::succeeded, now);
    break;
  case kind::dead:
    end_attempt(r, "failed", outcome.error, now);
    r.more().error = std::move(outcome.error);
    finish_job(r, job_status::dead, now);
    break;
  case kind::cancelled:
    end_attempt(r, "cancelled", outcome.error, now);
    r.more().error = std::move(outcome.error);
    finish_job(r, job_status::cancelled, now);
    break;
  case kind::retry: {
    auto ran = now - r.started_at;
    end_attempt(r, "failed", outcome.error, now);
    r.more().error = std::move(outcome.error);
    wait_until(r, later(now, outcome.retry_in_ms), job_status::retrying, now);
    notify(r, 0, ran);
    break;
  }
  case kind::snoozed:
  case kind::released: {
    auto ran = now - r.started_at;
    end_attempt(r, outcome.what == kind::snoozed ? "snoozed" : "released", {}, now);
    --r.attempts_spent;
    wait_until(r, later(now, outcome.retry_in_ms), job_status::scheduled, now);
    notify(r, 0, ran);
    break;
  }
  }
  return true;
}

void memory_jobs::lose(record& r, bool worker_died, unix_ms now) {
  auto ran = now - r.started_at;
  job_error error{"lost", worker_died ? "its worker died" : "its claim ended without an outcome"};
  end_attempt(r, "lost", error, now);
  --r.attempts_spent;
  if (r.cancel_requested) {
    r.more().error = {"cancelled", "cancelled on request"};
    finish_job(r, job_status::cancelled, now);
    return;
  }
  if (worker_died && ++r.worker_deaths >= options_.worker_deaths) {
    r.more().error = {"poison", "its worker died " + std::to_string(r.worker_deaths) + " times"};
    finish_job(r, job_status::dead, now);
    return;
  }
  make_ready(r, now);
  notify(r, 0, ran);
}

void memory_jobs::renew(const std::vector<claim_ref>& claims, unix_ms now, std::vector<revocation>& lost) {
  for (auto& claim : claims) {
    auto* r = lookup(claim.id);
    if (!r || r->status != job_status::running || r->token != claim.token)
      lost.push_back({claim, false});
    else
      r->lease_until = now + options_.claim_ttl_ms;
  }
}

void memory_jobs::progress(progress_report&& report) {
  auto* r = lookup(report.claim.id);
  if (r && r->status == job_status::running && r->token == report.claim.token)
    r->more().progress = std::move(report.progress);
}

/// Forgets the record; its idempotency key stays known.
void memory_jobs::erase(record& r, unix_ms now) {
  by_status_[static_cast<std::size_t>(r.status)].remove(r);
  --queues_[r.queue]->depth[static_cast<std::size_t>(r.priority)][static_cast<std::size_t>(r.status)];
  if (r.status != job_status::dead)
    finished_.remove(r);
  if (r.idempotency_size != 0)
    by_key_.keep(r.idempotency_key(), r.id, r.body, r.status,
                 std::max(now, r.finished_at + options_.key_retention_ms));
  by_id_.erase(r.id);
}

void memory_jobs::trim(unix_ms now, std::size_t at_most) {
  for (auto n = at_most; n > 0 && !finished_.empty(); --n) {
    auto& oldest = *finished_.front();
    if (oldest.finished_at + options_.retention_ms > now && finished_.size() <= options_.max_finished)
      break;
    erase(oldest, now);
  }
  by_key_.trim(now, options_.max_keys, at_most);
}

void memory_jobs::tick(unix_ms now, std::vector<std::pair<worker_id, revocation>>& lost) {
  for (std::size_t n = 0; n < 10000 && !delayed_.empty() && delayed_.begin()->first <= now; ++n) {
    auto& r = *lookup(delayed_.begin()->second);
    delayed_.erase(delayed_.begin());
    make_ready(r, now);
    notify(r, 0, no_attempt);
  }
  auto lease_check_in = options_.claim_ttl_ms / 4;
  next_lease_check_ = std::min(next_lease_check_, now + lease_check_in); // the clock may have stepped back
  if (now >= next_lease_check_) {
    next_lease_check_ = now + lease_check_in;
    std::vector<record*> expired;
    by_status_[static_cast<std::size_t>(job_status::running)].for_each_after({}, [&](record& r) {
      if (r.lease_until <= now)
        expired.push_back(&r);
      return true;
    });
    for (auto* r : expired) {
      lost.push_back({r->worker, {{r->id, r->token}, false}});
      lose(*r, false, now);
    }
  }
  trim(now, trim_per_tick);
}

std::optional<unix_ms> memory_jobs::next_due(unix_ms now) const {
  std::optional<unix_ms> due;
  auto sooner = [&](unix_ms at) {
    if (!due || at < *due)
      due = at;
  };
  if (!delayed_.empty())
    sooner(delayed_.begin()->first);
  if (by_status_[static_cast<std::size_t>(job_status::running)].size() != 0)
    sooner(next_lease_check_);
  if (!finished_.empty())
    sooner(std::max(now + 1000, finished_.front()->finished_at + options_.retention_ms));
  if (finished_.size() > options_.max_finished)
    sooner(now + trim_interval);
  if (auto expiry = by_key_.next_expiry())
    sooner(std::max(now + 1000, *expiry));
  for (auto& q : queues_)
    if (auto start = q->next_start(now))
      sooner(*start);
  return due;
}

std::uint64_t memory_jobs::unfinished() const noexcept {
  std::uint64_t n = 0;
  for (auto s : {job_status::scheduled, job_status::queued, job_status::running, job_status::retrying})
    n += by_status_[static_cast<std::size_t>(s)].size();
  return n;
}

} // namespace tutti::runtime::jobs::memory

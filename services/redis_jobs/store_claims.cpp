#include "runtime/telemetry/log.hpp"
#include "services/redis_jobs/codec.hpp"
#include "services/redis_jobs/store_actor.hpp"

#include <algorithm>
#include <utility>

// Workers, their claims and outcomes, and the housekeeping.
namespace tutti::services::redis_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;

constexpr std::uint32_t most_at_once = 256; ///< in one claim, so that other nodes get their share
constexpr std::int64_t longest_delay = std::int64_t{366} * 24 * 3600 * 1000; ///< ms

} // namespace

std::uint32_t redis_store::sender_worker() {
  for (auto& [number, w] : workers_)
    if (w.handle == current_sender())
      return number;
  return 0;
}

redis_store::worker* redis_store::worker_of(std::string_view consumer) {
  for (auto& [number, w] : workers_)
    if (w.consumer == consumer)
      return &w;
  return nullptr;
}

void redis_store::attach(const attach_worker& hello) {
  auto handle = caf::actor_cast<caf::actor>(current_sender());
  monitor(handle);
  auto number = ++last_worker_;
  auto& w = workers_[number];
  w.handle = handle;
  w.consumer = instance_ + "/" + std::to_string(number);
  w.node = hello.node;
  w.credit = hello.credit;
  claim_now();
}

void redis_store::worker_ended(std::uint32_t number, bool died) {
  auto i = workers_.find(number);
  if (i == workers_.end())
    return;
  i->second.ended = died;
  if (i->second.finishing == 0)
    give_back(number);
}

/// Its claims, when the outcomes that it had sent are recorded.
void redis_store::give_back(std::uint32_t number) {
  auto consumer = workers_.at(number).consumer;
  auto died = workers_.at(number).ended.value_or(false);
  workers_.erase(number);
  std::erase_if(held_, [&](auto& one) { return one.second.worker == number; });
  auto make = [this, consumer, died] {
    redis::command_batch batch;
    call(batch, all_scripts().lose, 3).arg(consumer).arg(died ? "1" : "0").arg(options_.worker_deaths);
    return batch;
  };
  insist(make, [this](redis::batch_result& result) {
    tell_changes(result.replies.front().elements());
    claim_now();
  });
}

bool redis_store::hungry() const noexcept {
  return std::any_of(workers_.begin(), workers_.end(), [&](auto& one) { return wants_jobs(one.second); });
}

std::vector<std::uint32_t> redis_store::append_claims(redis::command_batch& to) {
  std::vector<std::uint32_t> out;
  for (auto& [number, w] : workers_) {
    if (!wants_jobs(w))
      continue;
    if (w.claiming) {
      w.again = true;
      continue;
    }
    w.claiming = true;
    w.again = false;
    std::size_t limited = 0;
    for (auto& [name, limits] : options_.queues)
      limited += limits.concurrency != 0 || limits.rate > 0;
    call(to, all_scripts().claim, 6 + 4 * limited).arg(instance_).arg(w.consumer).arg(w.node);
    to.arg(std::min(w.credit, most_at_once)).arg(options_.ageing_ms).arg(turn_++ % 1000000);
    for (auto& [name, limits] : options_.queues)
      if (limits.concurrency != 0 || limits.rate > 0)
        to.arg(name)
            .arg(limits.concurrency)
            .arg(std::to_string(limits.rate))
            .arg(std::to_string(limits.burst));
    out.push_back(number);
  }
  return out;
}

void redis_store::claim_now() {
  redis::command_batch batch;
  auto by = append_claims(batch);
  if (by.empty())
    return;
  ask(std::move(batch), [this, by](redis::batch_result& result) { claims_answered(by, result.replies); });
}

void redis_store::claims_answered(const std::vector<std::uint32_t>& by, std::span<redis::reply> answers) {
  for (std::size_t i = 0; i < by.size() && i < answers.size(); ++i)
    claimed(by[i], answers[i]);
}

void redis_store::claimed(std::uint32_t number, const redis::reply& answer) {
  auto i = workers_.find(number);
  if (answer.is_error())
    telemetry::get().error("jobs.claim_failed reason={}", answer.text());
  auto parts = answer.elements();
  if (i == workers_.end()) // its end comes behind this claim, which then is lost again
    return;
  auto& w = i->second;
  w.claiming = false;
  if (parts.size() != 3) // not answered: the next tick tries again
    return;
  auto now = static_cast<unix_ms>(parts[0].integer());
  jobs_claimed out;
  for (auto& row : parts[1].elements()) {
    auto r = row.elements();
    auto fixed = r.size() == 6 ? read_fixed(r[1].text()) : std::nullopt;
    if (!fixed) {
      telemetry::get().error("jobs.unreadable id={}", r.empty() ? "" : to_string(id_of(r[0].text())));
      continue;
    }
    auto& job = out.jobs.emplace_back();
    job.id = id_of(r[0].text());
    job.token = whole_number(r[4].text());
    job.type = fixed->type;
    job.payload = fixed->payload;
    job.queue = fixed->queue;
    job.key = fixed->key;
    job.attempt = static_cast<std::uint32_t>(r[2].integer());
    job.attempts_spent = static_cast<std::uint32_t>(r[3].integer());
    job.attempts_left =
        fixed->max_attempts > job.attempts_spent ? fixed->max_attempts - job.attempts_spent : 0;
    job.timeout_ms = fixed->timeout_ms;
    job.created_at = fixed->created_at;
    job.lease_until = now + options_.claim_ttl_ms;
    job.trace = fixed->trace;
    held_[{job.id, job.token}] = {number, job.attempt, job.type, job.queue, w.node, job.trace};
    if (observer_)
      observer_->changed({job.id,
                          job.type,
                          job.queue,
                          w.node,
                          {},
                          job_status::running,
                          job.attempt,
                          std::max<unix_ms>(now - r[5].integer(), 0),
                          std::nullopt,
                          job.trace});
  }
  auto count = static_cast<std::uint32_t>(out.jobs.size());
  auto full = count == std::min(w.credit, most_at_once);
  w.credit -= std::min(count, w.credit);
  if (count > 0)
    send(w.handle, std::move(out));
  if (auto wait = parts[2].integer(); wait >= 0)
    tick_in(std::chrono::milliseconds{wait});
  if (wants_jobs(w) && (full || w.again))
    claim_now();
}

void redis_store::finish(finish_attempts& ended) {
  if (ended.outcomes.empty())
    return;
  auto kept = std::make_shared<std::vector<attempt_outcome>>(std::move(ended.outcomes));
  auto by = sender_worker();
  if (by != 0)
    ++workers_[by].finishing;
  auto make = [this, kept] {
    redis::command_batch batch;
    call(batch, all_scripts().finish, 1 + 7 * kept->size()).arg(hungry() ? "1" : "0");
    for (auto& o : *kept)
      batch.arg(id_bytes(o.id))
          .arg(o.token)
          .arg(static_cast<unsigned>(o.what))
          .arg(o.result)
          .arg(o.error.kind)
          .arg(o.error.message)
          .arg(std::clamp<std::int64_t>(o.retry_in_ms, 0, longest_delay));
    return batch;
  };
  insist(make,
         [this, by, kept](redis::batch_result& result) { finished(by, *kept, result.replies.front()); });
}

void redis_store::finished(std::uint32_t by, const std::vector<attempt_outcome>& outcomes,
                           const redis::reply& answer) {
  auto halves = answer.elements();
  auto each = halves.size() == 2 ? halves[0].elements() : replies{};
  for (std::size_t i = 0; i < outcomes.size() && i < each.size(); ++i) {
    auto& outcome = outcomes[i];
    auto held = held_.find({outcome.id, outcome.token});
    auto known = held != held_.end();
    auto code = each[i].integer();
    if (code >= 0) {
      auto status = static_cast<job_status>(code & 7);
      if (known && observer_) {
        auto& h = held->second;
        observer_->changed({outcome.id, h.type, h.queue, h.node, outcome.error.kind, status, h.attempt, 0,
                            code >> 3, h.trace});
      }
      if (status == job_status::retrying || status == job_status::scheduled)
        tick_in(std::chrono::milliseconds{std::min(outcome.retry_in_ms, longest_delay)});
    }
    if (!known)
      continue;
    if (auto w = workers_.find(held->second.worker); w != workers_.end())
      ++w->second.credit;
    held_.erase(held);
  }
  if (halves.size() == 2)
    tell_changes(halves[1].elements());
  if (auto w = workers_.find(by); w != workers_.end() && --w->second.finishing == 0 && w->second.ended)
    give_back(by);
  claim_now();
}

void redis_store::renew(const renew_claims& renewals) {
  if (renewals.claims.empty())
    return;
  auto to = caf::actor_cast<caf::actor>(current_sender());
  redis::command_batch batch;
  call(batch, all_scripts().renew, 2 * renewals.claims.size());
  for (auto& claim : renewals.claims)
    batch.arg(id_bytes(claim.id)).arg(claim.token);
  // Not repeated: the worker renews several times in a claim's time.
  ask(std::move(batch), [this, to, claims = renewals.claims](redis::batch_result& result) {
    claims_revoked lost;
    for (auto& number : result.replies.front().elements())
      if (auto i = static_cast<std::size_t>(number.integer()); i < claims.size())
        lost.claims.push_back({claims[i], false});
    if (!lost.claims.empty())
      send(to, std::move(lost));
  });
}

void redis_store::report(const report_progress& progress) {
  if (progress.reports.empty())
    return;
  redis::command_batch batch;
  call(batch, all_scripts().progress, 3 * progress.reports.size());
  for (auto& r : progress.reports)
    batch.arg(id_bytes(r.claim.id)).arg(r.claim.token).arg(r.progress);
  ask_all(
      std::move(batch), [](redis::batch_result&) {},
      [](const caf::error& reason) {
        telemetry::get().warn("jobs.progress_lost reason={}", runtime::describe(reason));
      });
}

void redis_store::tick() {
  ticks_at_ = {};
  // A claim is renewed at a third of its time. A node shows that it is alive more often, and counts as dead
  // after half that time: when the claims of a dead one end, its death is known.
  tick_in(std::chrono::milliseconds{std::clamp<unix_ms>(options_.claim_ttl_ms / 6, 20, 1000)});
  if (std::exchange(ticking_, true))
    return;
  redis::command_batch batch;
  call(batch, all_scripts().tick, 7).arg(instance_).arg(options_.claim_ttl_ms / 2);
  batch.arg(to_.commands.state().server.run_id).arg(options_.claim_ttl_ms).arg(options_.worker_deaths);
  batch.arg(options_.retention_ms).arg(options_.key_retention_ms);
  batch.add("ZRANGE", prefix_ + "schedz", "0", "0", "WITHSCORES");
  auto by = append_claims(batch);
  ask(std::move(batch), [this, by](redis::batch_result& result) {
    ticking_ = false;
    ticked(result);
    claims_answered(by, std::span{result.replies}.subspan(2));
  });
}

void redis_store::ticked(const redis::batch_result& result) {
  auto& done = result.replies[0];
  if (done.is_error())
    telemetry::get().error("jobs.tick_failed reason={}", done.text());
  auto parts = done.elements();
  if (parts.size() != 4)
    return;
  auto now = static_cast<unix_ms>(parts[0].integer());
  tell_changes(parts[1].elements());
  for (auto& one : parts[3].elements()) {
    auto r = one.elements();
    if (auto* w = r.size() == 3 ? worker_of(r[0].text()) : nullptr)
      send(w->handle, claims_revoked{{{{id_of(r[1].text()), whole_number(r[2].text())}, false}}});
  }
  auto due = parts[2].integer();
  auto schedule = result.replies[1].elements();
  if (schedule.size() == 2) {
    auto at = static_cast<std::int64_t>(whole_number(schedule[1].text()));
    if (at <= now)
      fire_due(now);
    else if (due < 0 || at < due)
      due = at;
  }
  if (due >= 0)
    tick_in(std::chrono::milliseconds{std::max<std::int64_t>(due - now, 1)});
}

} // namespace tutti::services::redis_jobs

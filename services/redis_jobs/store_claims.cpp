#include "runtime/telemetry/log.hpp"
#include "services/redis_jobs/codec.hpp"
#include "services/redis_jobs/store_actor.hpp"

#include <algorithm>
#include <utility>

// Workers, their claims, and the housekeeping.
namespace tutti::services::redis_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;

constexpr std::uint32_t most_at_once = 256; ///< in one claim, so that other nodes get their share

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

redis_store::claims redis_store::make_claims() {
  claims out;
  for (auto& [number, w] : workers_) {
    if (!wants_jobs(w))
      continue;
    if (w.claiming) {
      w.again = true;
      continue;
    }
    w.claiming = true;
    w.again = false;
    out.by.push_back(number);
  }
  out.words.push_back(std::to_string(out.by.size()));
  if (out.by.empty())
    return out;
  std::vector<std::string> limits;
  for (auto& [name, limit] : options_.queues)
    if (limit.concurrency != 0 || limit.rate > 0)
      limits.insert(limits.end(), {name, std::to_string(limit.concurrency), std::to_string(limit.rate),
                                   std::to_string(limit.burst)});
  out.words.insert(out.words.end(), {instance_, std::to_string(options_.ageing_ms),
                                     std::to_string(turn_++ % 1000000), std::to_string(limits.size() / 4)});
  out.words.insert(out.words.end(), limits.begin(), limits.end());
  for (auto number : out.by) {
    auto& w = workers_.at(number);
    out.words.insert(out.words.end(), {w.consumer, w.node, std::to_string(std::min(w.credit, most_at_once))});
  }
  return out;
}

void redis_store::claim_now() {
  auto wanted = make_claims();
  if (wanted.by.empty())
    return;
  redis::command_batch batch;
  wanted.append_to(call(batch, all_scripts().claim, wanted.words.size()));
  ask(std::move(batch), [this, by = std::move(wanted.by)](redis::batch_result& result) {
    auto& answer = result.replies.front();
    if (answer.is_error())
      telemetry::get().error("jobs.claim_failed reason={}", answer.text());
    claims_answered(by, answer.elements());
  });
}

/// Those without an answer claim again at the next tick.
void redis_store::claims_answered(const std::vector<std::uint32_t>& by, replies answers) {
  for (std::size_t i = 0; i < by.size(); ++i)
    claimed(by[i], i < answers.size() ? answers[i] : redis::reply{});
}

void redis_store::claimed(std::uint32_t number, const redis::reply& answer) {
  auto i = workers_.find(number);
  auto parts = answer.elements();
  if (i == workers_.end()) // its end comes behind this claim, which then is lost again
    return;
  auto& w = i->second;
  w.claiming = false;
  if (parts.size() != 3)
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
  ask(std::move(batch), [this](redis::batch_result& result) {
    ticking_ = false;
    ticked(result);
  });
  claim_now();
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

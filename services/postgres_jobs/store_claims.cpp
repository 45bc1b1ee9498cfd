#include "runtime/telemetry/log.hpp"
#include "services/postgres_jobs/statements.hpp"
#include "services/postgres_jobs/store_actor.hpp"

#include <algorithm>
#include <utility>

// Workers, their claims and outcomes, and the clock's work.
namespace tutti::services::postgres_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;

constexpr std::uint32_t most_at_once = 256; ///< in one claim, so that other nodes get their share
constexpr std::int64_t longest_delay = std::int64_t{366} * 24 * 3600 * 1000; ///< ms
constexpr int claim_ended = 6, worker_died = 7;                              ///< kinds of job_end

} // namespace

postgres_store::worker* postgres_store::sender_worker() {
  for (auto& [number, w] : workers_)
    if (w.handle == current_sender())
      return &w;
  return nullptr;
}

postgres_store::worker* postgres_store::worker_of(std::int64_t id) {
  for (auto& [number, w] : workers_)
    if (w.id == id)
      return &w;
  return nullptr;
}

void postgres_store::attach(const attach_worker& hello) {
  auto handle = caf::actor_cast<caf::actor>(current_sender());
  monitor(handle);
  auto id = static_cast<std::int64_t>(telemetry::random_bits() >> 1);
  workers_[++last_worker_] = worker{handle, id, clean(hello.node), hello.credit, false, false};
  claim_now();
}

/// Its answer comes behind what is being claimed.
caf::result<void> postgres_store::stop_claiming() {
  if (auto* w = sender_worker())
    w->stopped = true;
  if (!current_message_id().is_request())
    return caf::unit;
  auto promise = make_response_promise<caf::unit_t>();
  behind_all([promise]() mutable { promise.deliver(caf::unit); });
  return promise;
}

void postgres_store::worker_ended(std::uint32_t number, bool died) {
  auto i = workers_.find(number);
  if (i == workers_.end())
    return;
  waiting_.ended.emplace_back(i->second.id, died);
  workers_.erase(i);
  std::erase_if(held_, [&](auto& one) { return one.second.worker == number; });
  claim_now();
}

void postgres_store::append_ended(turn& to) {
  for (bool died : {false, true}) {
    std::vector<std::int64_t> ids;
    for (auto& [id, how] : to.items.ended)
      if (how == died)
        ids.push_back(id);
    if (ids.empty())
      continue;
    to.work.add(sql::lose, ids, died ? worker_died : claim_ended, options_.ageing_ms, options_.worker_deaths,
                options_.key_retention_ms);
    to.then.push_back([this](const postgres::result& events) { tell_all(events); });
  }
}

bool postgres_store::hungry() const noexcept {
  return std::any_of(workers_.begin(), workers_.end(),
                     [](auto& one) { return !one.second.stopped && one.second.credit > 0; });
}

/// Their leases are half a claim's: when a node dies, that is known before its claims end.
void postgres_store::append_workers(turn& to) {
  std::vector<std::int64_t> ids;
  std::vector<std::string> nodes;
  for (auto& [number, w] : workers_) {
    w.known = true;
    ids.push_back(w.id);
    nodes.push_back(w.node);
  }
  if (ids.empty())
    return;
  to.work.add(sql::keep_workers, ids, nodes, options_.claim_ttl_ms / 2);
  to.then.push_back([](const postgres::result&) {});
}

void postgres_store::append_claims(turn& to) {
  if (!hungry())
    return;
  if (!to.ticks && std::any_of(workers_.begin(), workers_.end(), [](auto& one) { return !one.second.known; }))
    append_workers(to);
  std::vector<std::string> limited, rates, bursts;
  std::vector<std::int64_t> concurrencies;
  for (auto& [name, limits] : options_.queues)
    if (limits.concurrency != 0 || limits.rate > 0) {
      limited.push_back(name);
      concurrencies.push_back(limits.concurrency);
      rates.push_back(std::to_string(limits.rate));
      bursts.push_back(std::to_string(limits.burst));
    }
  auto* of = &to; // the handlers end with it
  for (auto& [number, w] : workers_) {
    if (w.stopped || w.credit == 0)
      continue;
    auto count = std::min(w.credit, most_at_once);
    to.work.add(sql::claim, w.id, w.node, count, turns_++ % 1000000, options_.claim_ttl_ms, limited,
                concurrencies, rates, bursts);
    to.then.push_back(
        [this, of, by = number, count](const postgres::result& rows) { claimed(*of, by, count, rows); });
  }
}

void postgres_store::claimed(turn& of, std::uint32_t number, std::uint32_t asked,
                             const postgres::result& rows) {
  auto by = workers_.find(number);
  std::vector<std::pair<std::int64_t, claimed_job>> ranked;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    if (row.is_null(0)) {
      poll_in(milliseconds{row.get<std::int64_t>(12)});
      continue;
    }
    claimed_job job;
    job.id = read_id(row.get<std::string_view>(0));
    job.token = row.get<std::uint64_t>(1);
    job.type = row.get<std::string>(2);
    job.payload = row.get<std::string>(3);
    job.queue = row.get<std::string>(4);
    job.key = row.get<std::optional<std::string>>(5).value_or("");
    job.attempt = row.get<std::uint32_t>(6);
    job.attempts_spent = row.get<std::uint32_t>(7);
    auto allowed = row.get<std::uint32_t>(8);
    job.attempts_left = allowed > job.attempts_spent ? allowed - job.attempts_spent : 0;
    job.timeout_ms = row.get<std::uint32_t>(9);
    job.created_at = row.get<unix_ms>(10);
    job.lease_until = row.get<unix_ms>(13) + options_.claim_ttl_ms;
    job.trace = telemetry::trace_context::parse(row.get<std::optional<std::string_view>>(11).value_or(""))
                    .value_or(telemetry::trace_context{});
    job_event event;
    event.id = job.id;
    event.type = job.type;
    event.queue = job.queue;
    event.node = by == workers_.end() ? std::string{} : by->second.node;
    event.status = job_status::running;
    event.attempt = job.attempt;
    event.trace = job.trace;
    tell(event, row.get<unix_ms>(12));
    held_[{job.id, job.token}] = {number, std::move(event), row.get<unix_ms>(13), false, false};
    ranked.emplace_back(row.get<std::int64_t>(14), std::move(job));
  }
  of.claimed += ranked.size();
  if (by == workers_.end()) { // its end waits for the next turn, and loses these too
    std::erase_if(held_, [&](auto& one) { return one.second.worker == number; });
    return;
  }
  std::sort(ranked.begin(), ranked.end(), [](auto& x, auto& y) {
    return std::pair{x.first, x.second.id} < std::pair{y.first, y.second.id};
  });
  jobs_claimed out;
  for (auto& [rank, job] : ranked)
    out.jobs.push_back(std::move(job));
  auto count = static_cast<std::uint32_t>(out.jobs.size());
  by->second.credit -= std::min(count, by->second.credit);
  of.claims_in_full = of.claims_in_full || (count == asked && by->second.credit > 0);
  if (count > 0)
    send(by->second.handle, std::move(out));
}

void postgres_store::finish(finish_attempts& ended) {
  for (auto& outcome : ended.outcomes) {
    if (auto held = held_.extract({outcome.id, outcome.token})) {
      if (auto w = workers_.find(held.mapped().worker); w != workers_.end())
        ++w->second.credit;
    } else if (std::any_of(waiting_.outcomes.begin(), waiting_.outcomes.end(),
                           [&](auto& o) { return o.id == outcome.id && o.token == outcome.token; })) {
      continue; // sent twice
    }
    waiting_.outcomes.push_back(std::move(outcome));
  }
  claim_now();
}

void postgres_store::append_outcomes(turn& to) {
  std::vector<std::string> ids, results, error_kinds, messages;
  std::vector<std::int64_t> tokens, kinds, delays;
  for (auto& o : to.items.outcomes) {
    ids.push_back(uuid_text(o.id));
    tokens.push_back(static_cast<std::int64_t>(o.token));
    kinds.push_back(static_cast<std::int64_t>(o.what));
    results.push_back(clean(o.result));
    error_kinds.push_back(clean(o.error.kind));
    messages.push_back(clean(o.error.message));
    delays.push_back(std::clamp<std::int64_t>(o.retry_in_ms, 0, longest_delay));
    if (o.retry_in_ms > 0)
      tick_in(milliseconds{delays.back() + 1});
  }
  if (ids.empty())
    return;
  to.work.add(sql::end, ids, tokens, kinds, results, error_kinds, messages, delays, options_.ageing_ms,
              options_.worker_deaths, options_.key_retention_ms);
  to.then.push_back([this](const postgres::result& events) { tell_all(events); });
}

void postgres_store::renew(const renew_claims& renewals) {
  auto from = caf::actor_cast<caf::actor>(current_sender());
  for (auto& claim : renewals.claims)
    waiting_.renewals.push_back({from, claim});
  next_turn();
}

void postgres_store::report(report_progress& progress) {
  for (auto& r : progress.reports)
    waiting_.progress.insert_or_assign({r.claim.id, r.claim.token}, std::move(r.progress));
  next_turn();
}

void postgres_store::append_renewals(turn& to) {
  if (!to.items.renewals.empty()) {
    std::vector<std::string> ids;
    std::vector<std::int64_t> tokens;
    for (auto& r : to.items.renewals) {
      ids.push_back(uuid_text(r.claim.id));
      tokens.push_back(static_cast<std::int64_t>(r.claim.token));
    }
    to.work.add(sql::renew, ids, tokens, options_.claim_ttl_ms);
    to.then.push_back([this, asked = to.items.renewals](const postgres::result& rows) {
      std::unordered_set<claim_key, claim_hash> kept;
      for (std::size_t i = 0; i < rows.size(); ++i)
        kept.emplace(read_id(rows[i].get<std::string_view>(0)), rows[i].get<std::uint64_t>(1));
      for (auto& r : asked)
        if (kept.count({r.claim.id, r.claim.token}) == 0)
          send(r.to, claims_revoked{{{r.claim, false}}});
    });
  }
  if (to.items.progress.empty())
    return;
  std::vector<std::string> ids, texts;
  std::vector<std::int64_t> tokens;
  for (auto& [claim, text] : to.items.progress) {
    ids.push_back(uuid_text(claim.first));
    tokens.push_back(static_cast<std::int64_t>(claim.second));
    texts.push_back(clean(text));
  }
  to.work.add(sql::progress, ids, tokens, texts);
  to.then.push_back([](const postgres::result&) {});
}

void postgres_store::revoke(const job_event& lost, bool cancel) {
  auto held = held_.find({lost.id, lost.token});
  if (held == held_.end() || std::exchange(cancel ? held->second.told_to_end : held->second.lost, true))
    return;
  if (auto w = workers_.find(held->second.worker); w != workers_.end())
    send(w->second.handle, claims_revoked{{{{lost.id, lost.token}, cancel}}});
}

/// A claim may have been committed without our knowing. Nobody runs those jobs: they go back at once, not
/// when their leases end.
void postgres_store::append_lost_answers(turn& to, const std::vector<std::int64_t>& workers) {
  to.work.add(sql::held, workers);
  to.then.push_back([this](const postgres::result& rows) {
    claims_unknown_ = false;
    std::unordered_set<claim_key, claim_hash> ended;
    for (auto& o : waiting_.outcomes)
      ended.emplace(o.id, o.token);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      claim_key claim{read_id(rows[i].get<std::string_view>(0)), rows[i].get<std::uint64_t>(1)};
      if (held_.count(claim) != 0 || ended.count(claim) != 0)
        continue;
      auto& back = waiting_.outcomes.emplace_back();
      back.id = claim.first;
      back.token = claim.second;
      back.what = attempt_outcome::kind::released;
    }
  });
}

void postgres_store::append_tick(turn& to) {
  tick_in(tick_interval_);
  auto events = [this](const postgres::result& rows) { tell_all(rows); };
  auto nothing = [](const postgres::result&) {};
  std::vector<std::string> names{"default"}; // most jobs name no queue: there must always be this one
  for (auto& [name, limits] : options_.queues)
    names.push_back(name);
  if (queues_.empty()) {
    to.work.add(sql::make_queues, names);
    to.then.push_back([this, names](const postgres::result&) { queues_.insert(names.begin(), names.end()); });
  }
  append_workers(to);
  to.work.add(sql::promote, options_.ageing_ms);
  to.then.push_back(events);
  if (steady::now() >= reap_from_) {
    to.work.add(sql::reap, options_.ageing_ms, options_.worker_deaths, options_.key_retention_ms);
    to.then.push_back([this](const postgres::result& rows) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        auto event = read_event(rows[i]);
        tell(event);
        revoke(event, false);
      }
    });
  }
  std::vector<std::int64_t> ids;
  for (auto& [number, w] : workers_)
    ids.push_back(w.id);
  if (claims_unknown_)
    append_lost_answers(to, ids);
  to.work.add(sql::to_cancel, ids);
  to.then.push_back([this](const postgres::result& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      job_event event;
      event.id = read_id(rows[i].get<std::string_view>(0));
      event.token = rows[i].get<std::uint64_t>(1);
      revoke(event, true);
    }
  });
  to.work.add(sql::tidy, options_.retention_ms);
  to.then.push_back(nothing);
  to.work.add(sql::outlook);
  to.then.push_back([this](const postgres::result& rows) { looked_ahead(rows); });
}

void postgres_store::looked_ahead(const postgres::result& outlook) {
  auto row = outlook[0];
  auto now = row.get<unix_ms>(0);
  ahead_ += now - server_now();
  room_ = static_cast<std::int64_t>(options_.max_jobs) - row.get<std::int64_t>(3);
  auto due = row.get<std::optional<unix_ms>>(1);
  auto schedule = row.get<std::optional<unix_ms>>(2);
  if (schedule && *schedule <= now)
    fire_due();
  else if (schedule && (!due || *schedule < *due))
    due = schedule;
  if (due && *due - now < tick_interval_.count())
    tick_in(milliseconds{std::max<unix_ms>(*due - now, 1)});
}

} // namespace tutti::services::postgres_jobs

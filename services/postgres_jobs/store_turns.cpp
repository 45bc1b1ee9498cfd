#include "runtime/error.hpp"
#include "runtime/telemetry/log.hpp"
#include "services/postgres_jobs/statements.hpp"
#include "services/postgres_jobs/store_actor.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

// Who is next: one transaction at a time changes jobs, the next one gathers meanwhile.
namespace tutti::services::postgres_jobs {
namespace {

using gather_atom = caf::atom_constant<caf::atom("gather")>;

constexpr std::size_t most_outcomes = 1000; ///< in one transaction
constexpr std::size_t most_jobs = 1000;     ///< the same, but a batch goes as a whole
constexpr int most_attempts = 5;            ///< of an order that deadlocks
constexpr std::chrono::milliseconds turn_deadline{10000};
constexpr std::chrono::microseconds gather_time{500}; ///< short beside a commit
constexpr std::chrono::milliseconds collision_pause{20};
constexpr std::chrono::milliseconds least_pause{100};
constexpr std::chrono::milliseconds longest_pause{2000};

/// Sending the same again will not help.
bool is_refused(const postgres::failure& why) {
  auto group = why.sqlstate.substr(0, 2);
  return group == "22" || group == "23" || group == "54"
         || (why.sqlstate.empty() && why.code != runtime::ec::unavailable);
}

template <class T>
void move_front(std::vector<T>& from, std::vector<T>& to, std::size_t count) {
  auto end = from.begin() + static_cast<std::ptrdiff_t>(std::min(count, from.size()));
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(end));
  from.erase(from.begin(), end);
}

/// `items` came before what `to` holds.
template <class T>
void prepend(std::vector<T>& items, std::vector<T>& to) {
  items.insert(items.end(), std::make_move_iterator(to.begin()), std::make_move_iterator(to.end()));
  to = std::move(items);
}

} // namespace

void postgres_store::ask(postgres::unit work, std::function<void(postgres::answer&)> then) {
  auto number = ++last_call_;
  calls_.emplace(number, std::move(then));
  work.deadline = turn_deadline;
  postgres::run_for(database_, caf::actor_cast<caf::actor>(this), number, std::move(work));
}

void postgres_store::behind_all(std::function<void()> then) {
  if (outage_) // it will fail by itself, or see that the server is back
    then();
  else if (!waiting_.empty())
    waiting_.behind.push_back(std::move(then));
  else if (under_way_)
    under_way_->items.behind.push_back(std::move(then));
  else
    then();
}

void postgres_store::read(postgres::unit work, std::function<void(results&)> then, failure_handler fail) {
  behind_all([this, work = std::move(work), then = std::move(then), fail = std::move(fail)]() mutable {
    ask(std::move(work), [then = std::move(then), fail = std::move(fail)](postgres::answer& got) {
      if (got.error)
        fail(got.error->to_error());
      else
        then(got.results);
    });
  });
}

void postgres_store::in_turn(std::function<postgres::unit()> make, std::function<void(results&)> then,
                             failure_handler fail) {
  if (outage_)
    return fail(runtime::make_error(runtime::ec::unavailable, "the job store cannot be reached"));
  orders_.push_back({std::move(make), std::move(then), std::move(fail)});
  next_turn();
}

/// Callers that have just been answered send their next submissions now, and jobs that have just been claimed
/// end: without a moment's patience the first of them would have a transaction for itself.
bool postgres_store::gathers() {
  auto others = !waiting_.ended.empty() || !waiting_.renewals.empty() || tick_due_;
  auto came = waiting_.submissions.size() + waiting_.outcomes.size();
  if (others || came == 0 || came >= last_group_ || steady::now() >= gather_until_)
    return false;
  delayed_send(this, gather_time, gather_atom::value);
  return true;
}

void postgres_store::next_turn() {
  if (under_way_ || ordered_ || resting_)
    return;
  auto items = !waiting_.empty() || tick_due_ || (claim_wanted_ && hungry());
  if (!orders_.empty() && (order_is_next_ || !items))
    run_order();
  else if (items && !gathers())
    run_turn();
}

void postgres_store::run_order() {
  ordered_ = true;
  order_is_next_ = false;
  auto next = std::make_shared<order>(std::move(orders_.front()));
  orders_.pop_front();
  ask(next->make(), [this, next](postgres::answer& got) {
    ordered_ = false;
    if (!got.error) {
      back_in_service();
      next->then(got.results);
    } else if (got.error->retryable() && next->attempt++ < most_attempts) {
      orders_.push_front(std::move(*next));
      rest(collision_pause * next->attempt);
    } else {
      next->fail(got.error->to_error());
    }
    next_turn();
  });
}

/// Outcomes and submissions both lock keys, each in order but not together.
postgres_store::gathered postgres_store::take_items() {
  auto one_by_one = one_by_one_ > 0;
  gathered out;
  out.ended = std::exchange(waiting_.ended, {});
  out.renewals = std::exchange(waiting_.renewals, {});
  out.progress = std::exchange(waiting_.progress, {});
  move_front(waiting_.outcomes, out.outcomes, one_by_one ? 1 : most_outcomes);
  auto keyed = [](const submission& s) {
    return std::any_of(s.order.jobs.begin(), s.order.jobs.end(), [](auto& job) {
      return !job.key.empty() || job.unique == jobs::unique_policy::replace;
    });
  };
  std::size_t taken = 0, count = 0;
  for (auto& s : waiting_.submissions) {
    auto apart = (!out.outcomes.empty() || !out.ended.empty()) && (one_by_one || keyed(s));
    if (apart || (count > 0 && (one_by_one || taken + s.order.jobs.size() > most_jobs)))
      break;
    taken += s.order.jobs.size();
    ++count;
  }
  waiting_jobs_ -= taken;
  move_front(waiting_.submissions, out.submissions, count);
  if (waiting_.empty())
    out.behind = std::exchange(waiting_.behind, {});
  one_by_one_ -= one_by_one;
  return out;
}

void postgres_store::run_turn() {
  under_way_ = std::make_shared<turn>();
  auto& t = *under_way_;
  order_is_next_ = true;
  claim_wanted_ = false;
  t.ticks = std::exchange(tick_due_, false);
  if (t.ticks) {
    append_tick(t);
  } else {
    t.items = take_items();
    append_ended(t);
    append_renewals(t);
    append_outcomes(t);
    append_submissions(t);
  }
  append_claims(t);
  if (t.work.calls.empty()) { // an empty batch, or whoever it was for has gone
    auto items = std::move(t.items);
    under_way_.reset();
    answer_submissions(items);
    for (auto& then : items.behind)
      then();
    return;
  }
  ask(std::move(t.work), [this, current = under_way_](postgres::answer& got) { turn_ended(*current, got); });
}

void postgres_store::turn_ended(turn& of, postgres::answer& got) {
  under_way_.reset();
  if (got.error) {
    turn_failed(of, *got.error);
  } else {
    back_in_service();
    for (std::size_t i = 0; i < of.then.size(); ++i)
      of.then[i](got.results[i]);
    answer_submissions(of.items);
    if (!of.ticks)
      last_group_ = of.items.submissions.size() + of.items.outcomes.size();
    gather_until_ = steady::now() + gather_time;
    if (of.claimed > 0 || !of.items.empty())
      poll_interval_ = milliseconds{20};
    if (of.claims_in_full)
      claim_wanted_ = true;
    else if (hungry())
      poll_in(poll_interval_);
  }
  auto behind = std::move(of.items.behind);
  next_turn();
  for (auto& then : behind)
    then();
}

void postgres_store::turn_failed(turn& of, const postgres::failure& why) {
  tick_due_ = tick_due_ || of.ticks;
  claim_wanted_ = true;
  for (auto& [number, w] : workers_)
    w.known = false;
  auto& items = of.items;
  if (why.retryable()) {
    put_back(items, true);
    return rest(collision_pause);
  }
  if (is_refused(why)) {
    auto count = items.submissions.size() + items.outcomes.size();
    runtime::telemetry::get().error("jobs.refused items={} reason={}", count, why.text);
    if (count > 1) {
      one_by_one_ += count;
      put_back(items, true);
    } else {
      for (auto& s : items.submissions)
        refuse(s);
      items.submissions.clear();
      items.outcomes.clear(); // its claim will end, and it runs again
      if (count == 0)
        put_back(items, true);
    }
    return rest(least_pause);
  }
  claims_unknown_ = claims_unknown_ || why.fate == postgres::fate::unknown;
  if (!std::exchange(outage_, true))
    runtime::telemetry::get().warn("jobs.store_unreachable reason={}", why.text);
  put_back(items, why.fate == postgres::fate::unknown);
  // Requests are answered now, not when the server is back.
  prepend(items.behind, waiting_.behind);
  items.behind = std::exchange(waiting_.behind, {});
  for (auto& late : std::exchange(orders_, {}))
    late.fail(why.to_error());
  rest(pause_);
  pause_ = std::min(pause_ * 2, longest_pause);
}

/// What must not be lost. Renewals and progress come again by themselves.
void postgres_store::put_back(gathered& items, bool keep_submissions) {
  auto now = steady::now();
  std::vector<submission> kept;
  for (auto& s : items.submissions)
    if (keep_submissions && s.until > now) {
      waiting_jobs_ += s.order.jobs.size();
      std::fill(s.answers.begin(), s.answers.end(), std::nullopt);
      kept.push_back(std::move(s));
    } else {
      refuse(s);
    }
  prepend(kept, waiting_.submissions);
  prepend(items.outcomes, waiting_.outcomes);
  prepend(items.ended, waiting_.ended);
}

void postgres_store::back_in_service() {
  pause_ = least_pause;
  if (!std::exchange(outage_, false))
    return;
  runtime::telemetry::get().info("jobs.store_back");
  reap_from_ = steady::now() + milliseconds{options_.claim_ttl_ms};
}

} // namespace tutti::services::postgres_jobs

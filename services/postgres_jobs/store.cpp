#include "services/postgres_jobs/statements.hpp"
#include "services/postgres_jobs/store_actor.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::postgres_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;
using tick_atom = caf::atom_constant<caf::atom("tick")>;
using poll_atom = caf::atom_constant<caf::atom("poll")>;
using gather_end = caf::atom_constant<caf::atom("gather")>;
using rest_atom = caf::atom_constant<caf::atom("rest")>;
using worker_gone = caf::atom_constant<caf::atom("gone")>;

constexpr std::chrono::milliseconds shortest_poll{20};
constexpr std::chrono::milliseconds first_pause{100};

} // namespace

postgres_store::postgres_store(caf::actor_config& cfg, actor::placement where, postgres::pool& database,
                               store_options options, std::shared_ptr<job_observer> observer)
    : metered(cfg, std::move(where), "job-store"), database_(database), options_(std::move(options)),
      observer_(std::move(observer)), pause_(first_pause),
      reap_from_(steady::now() + milliseconds{options_.claim_ttl_ms}),
      tick_interval_(std::clamp<unix_ms>(options_.claim_ttl_ms / 8, 50, 1000)),
      poll_interval_(shortest_poll) {
  mark_brief();
}

caf::behavior postgres_store::make_behavior() {
  set_down_handler([this](caf::down_msg& down) {
    bool died = down.reason && down.reason != caf::exit_reason::normal
                && down.reason != caf::exit_reason::user_shutdown;
    for (auto& [number, w] : workers_)
      if (w.handle == down.source) {
        w.stopped = true;
        // Down messages overtake: its last outcomes may still wait.
        send(this, worker_gone::value, number, died);
      }
  });
  next_turn();
  return {
      [this](postgres::unit_answered& got) {
        if (auto call = calls_.extract(got.call))
          call.mapped()(got.result);
      },
      [this](submit_jobs& order) { submit(order); },
      [this](finish_attempts& ended) { finish(ended); },
      [this](const attach_worker& hello) { attach(hello); },
      [this](jobs::stop_claiming) { return stop_claiming(); },
      [this](jobs::resume_claiming) {
        if (auto* w = sender_worker())
          w->stopped = false;
        claim_now();
      },
      [this](const renew_claims& renewals) { renew(renewals); },
      [this](report_progress& progress) { report(progress); },
      [this](worker_gone, std::uint32_t number, bool died) { worker_ended(number, died); },
      [this](tick_atom, std::uint64_t number) {
        if (number != tick_timer_)
          return;
        ticks_at_ = {};
        tick_due_ = true;
        next_turn();
      },
      [this](poll_atom, std::uint64_t number) {
        if (number != poll_timer_)
          return;
        polls_at_ = {};
        poll_interval_ = std::min(poll_interval_ * 2, milliseconds{1000});
        claim_wanted_ = true;
        next_turn();
      },
      [this](gather_end) { next_turn(); },
      [this](rest_atom) {
        resting_ = false;
        next_turn();
      },
      [this](const get_job& query) { return get(query.id); },
      [this](const list_jobs& query) { return list(query); },
      [this](const cancel_job& order) { return cancel(order.id); },
      [this](const retry_job& order) { return retry(order.id, order.dead_only); },
      [this](const discard_job& order) { return discard(order.id); },
      [this](const jobs::retry_dead& order) { return retry_dead(order); },
      [this](list_queues) { return queues(); },
      [this](const pause_queue& order) { return pause(order); },
      [this](const purge_queue& order) { return purge(order); },
      [this](put_schedule& order) { return put(order); },
      [this](const delete_schedule& order) { return remove(order.name); },
      [this](list_schedules) { return schedules(); },
  };
}

/// Nobody waits for the answer: what is lost here ends with the claims' time.
void postgres_store::on_exit() {
  std::vector<std::int64_t> ids;
  for (auto& [number, w] : workers_)
    ids.push_back(w.id);
  if (!ids.empty())
    database_.run(postgres::unit{}.add(sql::lose, ids, 6, options_.ageing_ms, options_.worker_deaths,
                                       options_.key_retention_ms),
                  [](postgres::answer) {});
  for (auto& [claim, held] : held_)
    if (!held.lost) {
      held.job.status = job_status::queued;
      held.job.ran_ms = std::max<unix_ms>(server_now() - held.started_at, 0);
      tell(held.job);
    }
  held_.clear();
  workers_.clear();
  calls_.clear();
  orders_.clear();
  waiting_ = {};
  under_way_.reset();
}

unix_ms postgres_store::server_now() const {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(now).count() + ahead_;
}

void postgres_store::tick_in(milliseconds wait) {
  auto at = steady::now() + wait;
  if (ticks_at_ != steady::time_point{} && ticks_at_ <= at)
    return;
  ticks_at_ = at;
  delayed_send(this, wait, tick_atom::value, ++tick_timer_);
}

void postgres_store::poll_in(milliseconds wait) {
  auto at = steady::now() + wait;
  if (polls_at_ != steady::time_point{} && polls_at_ <= at)
    return;
  polls_at_ = at;
  delayed_send(this, wait, poll_atom::value, ++poll_timer_);
}

void postgres_store::rest(milliseconds pause) {
  resting_ = true;
  delayed_send(this, pause / 2 + pause * static_cast<int>(telemetry::random_bits() % 100) / 200,
               rest_atom::value);
}

/// This node has done something that may have made jobs runnable.
void postgres_store::claim_now() {
  poll_interval_ = shortest_poll;
  claim_wanted_ = true;
  next_turn();
}

caf::actor spawn_postgres_store(caf::event_based_actor& parent, actor::placement at, postgres::pool& database,
                                store_options options, std::shared_ptr<job_observer> observer) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<postgres_store>(std::move(at), database, std::move(options), std::move(observer)));
}

} // namespace tutti::services::postgres_jobs

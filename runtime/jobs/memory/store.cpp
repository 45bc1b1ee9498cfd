#include "runtime/jobs/memory/store.hpp"

#include "runtime/jobs/refusals.hpp"
#include "runtime/telemetry/log.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::runtime::jobs {
namespace {

using wake = caf::atom_constant<caf::atom("wake")>;
using purge_more = caf::atom_constant<caf::atom("purge")>;
using worker_gone = caf::atom_constant<caf::atom("gone")>;

constexpr std::size_t purge_step = 5000; ///< then other messages get their turn
constexpr unix_ms longest_sleep = 60000; ///< so that a step of the wall clock is noticed

struct worker {
  caf::actor handle;
  std::uint32_t credit = 0;
  std::uint32_t overdue = 0; ///< lost claims whose outcomes will still come and give their credit back
  bool stopped = false;
};

class memory_store final : public actor::metered {
public:
  memory_store(caf::actor_config& cfg, actor::placement where, std::shared_ptr<memory_state> kept,
               wall_clock now)
      : metered(cfg, std::move(where), "job-store"), kept_(std::move(kept)), now_(std::move(now)) {
    mark_brief();
  }

protected:
  caf::behavior make_behavior() override;
  void on_exit() override {
    for (auto& [id, w] : workers_) // else their claims would only end with the lease
      jobs().detach(id, false, now_());
    workers_.clear();
    for (auto& p : std::exchange(purges_, {}))
      p.promise.deliver(make_error(ec::unavailable, "the job store ended"));
  }

private:
  memory::memory_jobs& jobs() { return kept_->jobs; }

  void submit(submit_jobs& order) {
    jobs_submitted answer{order.call, {}};
    answer.results.reserve(order.jobs.size());
    auto now = now_();
    for (auto& spec : order.jobs)
      answer.results.push_back(jobs().submit(std::move(spec), now));
    send(caf::actor_cast<caf::actor>(current_sender()), std::move(answer));
    dispatch();
  }

  void finish(finish_attempts& ended) {
    auto now = now_();
    auto* w = sender_worker();
    for (auto& outcome : ended.outcomes) {
      bool in_time = jobs().finish(std::move(outcome), now);
      if (!w || (!in_time && w->overdue == 0))
        continue;
      if (!in_time)
        --w->overdue;
      ++w->credit;
    }
    dispatch();
  }

  worker* sender_worker() {
    for (auto& [id, w] : workers_)
      if (w.handle == current_sender())
        return &w;
    return nullptr;
  }

  /// Hands out what is runnable and arms the timer for what will be.
  void dispatch() {
    auto now = now_();
    for (auto& [id, w] : workers_) {
      if (w.stopped || w.credit == 0)
        continue;
      jobs_claimed out;
      jobs().claim(id, w.credit, now, out.jobs);
      if (out.jobs.empty())
        continue;
      w.credit -= static_cast<std::uint32_t>(out.jobs.size());
      send(w.handle, std::move(out));
    }
    arm(now);
  }

  void arm(unix_ms now) {
    auto due = jobs().next_due(now);
    if (auto other = kept_->schedules.next_due(); other && (!due || *other < *due))
      due = other;
    if (!due)
      return;
    // By the clock of the timers, as the wall clock may have stepped since the last call.
    std::chrono::milliseconds wait{std::clamp(*due, now + 1, now + longest_sleep) - now};
    auto at = clock().now() + wait;
    if (armed_at_ != timer_time{} && armed_at_ <= at)
      return;
    armed_at_ = at;
    delayed_send(this, wait, wake::value, ++armed_);
  }

  void on_wake(std::uint64_t number) {
    if (number != armed_)
      return; // an earlier one took its place
    armed_at_ = {};
    auto now = now_();
    for (auto& spec : kept_->schedules.due(now)) {
      auto type = spec.type;
      auto outcome = jobs().submit(std::move(spec), now).outcome;
      if (outcome != submitted::accepted && outcome != submitted::duplicate)
        telemetry::get().error("schedule.refused type={} outcome={}", type, static_cast<int>(outcome));
    }
    std::vector<std::pair<memory::memory_jobs::worker_id, revocation>> lost;
    jobs().tick(now, lost);
    for (auto& [id, r] : lost)
      if (auto i = workers_.find(id); i != workers_.end()) {
        ++i->second.overdue;
        send(i->second.handle, claims_revoked{{r}});
      }
    dispatch();
  }

  caf::result<cancel_result> cancel(job_id id) {
    auto done = jobs().cancel(id, now_());
    if (!done)
      return no_job(id);
    if (auto i = workers_.find(done->second); i != workers_.end())
      send(i->second.handle, claims_revoked{{{{id, jobs().token(id)}, true}}});
    dispatch(); // a key may be free now
    return std::move(done->first);
  }

  using purge_promise = caf::typed_response_promise<std::uint64_t>;
  struct purging {
    std::string name;
    unix_ms until; ///< what comes later stays, or a steady stream would keep it busy for ever
    std::uint64_t done;
    purge_promise promise;
  };
  void purge(purging p) {
    auto step = jobs().purge(p.name, purge_step, p.until, now_());
    dispatch();
    if (step == 0) {
      p.promise.deliver(p.done);
      return;
    }
    p.done += step;
    purges_.push_back(std::move(p));
    send(this, purge_more::value);
  }

  std::shared_ptr<memory_state> kept_;
  wall_clock now_;
  std::map<memory::memory_jobs::worker_id, worker> workers_;
  std::vector<purging> purges_;
  using timer_time = caf::actor_clock::time_point;
  timer_time armed_at_{}; ///< zero: not
  std::uint64_t armed_ = 0;
};

caf::behavior memory_store::make_behavior() {
  set_down_handler([this](caf::down_msg& down) {
    bool died = down.reason && down.reason != caf::exit_reason::normal
                && down.reason != caf::exit_reason::user_shutdown;
    for (auto& [id, w] : workers_)
      if (w.handle == down.source) {
        w.stopped = true;
        send(this, worker_gone::value, id, died); // down messages overtake: its last outcomes may still wait
      }
  });
  arm(now_());
  return {
      [this](submit_jobs& order) { submit(order); },
      [this](finish_attempts& ended) { finish(ended); },
      [this](const attach_worker& hello) {
        auto handle = caf::actor_cast<caf::actor>(current_sender());
        monitor(handle);
        workers_[jobs().attach(hello.node)] = worker{handle, hello.credit, false};
        dispatch();
      },
      [this](stop_claiming) {
        if (auto* w = sender_worker())
          w->stopped = true;
      },
      [this](resume_claiming) {
        if (auto* w = sender_worker())
          w->stopped = false;
        dispatch();
      },
      [this](const renew_claims& renewals) {
        claims_revoked answer;
        jobs().renew(renewals.claims, now_(), answer.claims);
        if (!answer.claims.empty())
          send(caf::actor_cast<caf::actor>(current_sender()), std::move(answer));
      },
      [this](report_progress& progress) {
        for (auto& report : progress.reports)
          jobs().progress(std::move(report));
      },
      [this](wake, std::uint64_t number) { on_wake(number); },
      [this](worker_gone, memory::memory_jobs::worker_id id, bool died) {
        workers_.erase(id);
        jobs().detach(id, died, now_());
        dispatch();
      },
      [this](purge_more) {
        auto next = std::move(purges_.front());
        purges_.erase(purges_.begin());
        purge(std::move(next));
      },
      [this](const get_job& query) -> caf::result<job_view> {
        if (auto found = jobs().find(query.id))
          return std::move(*found);
        return no_job(query.id);
      },
      [this](const list_jobs& query) { return jobs().list(query); },
      [this](const cancel_job& order) { return cancel(order.id); },
      [this](const retry_job& order) -> caf::result<job_view> {
        auto what = jobs().retry(order.id, order.dead_only, now_());
        auto now_is = jobs().find(order.id);
        dispatch();
        if (auto refused = retry_refusal(what, order.id, order.dead_only))
          return refused;
        return std::move(*now_is);
      },
      [this](const discard_job& order) -> caf::result<bool> {
        auto what = jobs().discard(order.id, now_());
        dispatch();
        if (auto refused = discard_refusal(what, order.id))
          return refused;
        return true;
      },
      [this](const retry_dead& order) {
        auto count = jobs().retry_dead(order.filter, order.max, now_());
        dispatch();
        return count;
      },
      [this](list_queues) { return jobs().queues(now_()); },
      [this](const pause_queue& order) -> caf::result<queue_view> {
        auto view = jobs().pause(order.name, order.pause, now_());
        if (!view)
          return too_many_queues();
        dispatch();
        return std::move(*view);
      },
      [this](const purge_queue& order) -> caf::result<std::uint64_t> {
        auto promise = make_response_promise<std::uint64_t>();
        purge({order.name, now_(), 0, promise});
        return promise;
      },
      [this](put_schedule& order) -> caf::result<schedule_view> {
        auto placed = kept_->schedules.put(std::move(order.spec), now_());
        if (auto* words = std::get_if<std::string>(&placed))
          return make_error(ec::rejected, *words);
        arm(now_());
        return std::get<schedule_view>(std::move(placed));
      },
      [this](const delete_schedule& order) -> caf::result<bool> {
        if (!kept_->schedules.remove(order.name))
          return make_error(ec::not_found, "no schedule is called '" + order.name + "'");
        return true;
      },
      [this](list_schedules) { return kept_->schedules.list(); },
  };
}

} // namespace

caf::actor spawn_memory_store(caf::event_based_actor& parent, actor::placement at,
                              std::shared_ptr<memory_state> state, wall_clock now) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<memory_store>(std::move(at), std::move(state), std::move(now)));
}

} // namespace tutti::runtime::jobs

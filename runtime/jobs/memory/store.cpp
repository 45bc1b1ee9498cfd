#include "runtime/jobs/memory/store.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::runtime::jobs {
namespace {

using wake = caf::atom_constant<caf::atom("wake")>;
using purge_more = caf::atom_constant<caf::atom("purge")>;

constexpr std::size_t purge_step = 5000; ///< then other messages get their turn

struct worker {
  caf::actor handle;
  std::uint32_t credit = 0;
  bool stopped = false;
};

class memory_store final : public actor::metered {
public:
  memory_store(caf::actor_config& cfg, actor::placement where, std::shared_ptr<memory_state> kept,
               wall_clock now)
      : metered(cfg, std::move(where), "job-store"), kept_(std::move(kept)), now_(std::move(now)) {}

protected:
  caf::behavior make_behavior() override;
  void on_exit() override {
    for (auto& [id, w] : workers_) // else their claims would only end with the lease
      jobs().detach(id, now_());
    workers_.clear();
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
    for (auto& outcome : ended.outcomes)
      jobs().finish(std::move(outcome), now);
    if (auto* w = sender_worker())
      w->credit += static_cast<std::uint32_t>(ended.outcomes.size());
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
    if (!due || (armed_at_ != 0 && armed_at_ <= *due))
      return;
    armed_at_ = *due;
    delayed_send(this, std::chrono::milliseconds{std::max<unix_ms>(*due - now, 1)}, wake::value, ++armed_);
  }

  void on_wake(std::uint64_t number) {
    if (number != armed_)
      return; // an earlier one took its place
    armed_at_ = 0;
    auto now = now_();
    for (auto& spec : kept_->schedules.due(now))
      jobs().submit(std::move(spec), now);
    std::vector<std::pair<memory::memory_jobs::worker_id, revocation>> lost;
    jobs().tick(now, lost);
    for (auto& [id, r] : lost)
      if (auto i = workers_.find(id); i != workers_.end())
        send(i->second.handle, claims_revoked{{r}}); // its outcome, though stale, gives the credit back
    dispatch();
  }

  caf::result<cancel_result> cancel(job_id id) {
    auto done = jobs().cancel(id, now_());
    if (!done)
      return make_error(ec::not_found, "no job " + to_string(id));
    if (auto i = workers_.find(done->second); i != workers_.end())
      send(i->second.handle, claims_revoked{{{{id, jobs().token(id)}, true}}});
    dispatch(); // a key may be free now
    return std::move(done->first);
  }

  template <class Result>
  caf::result<Result> changed(memory::memory_jobs::change what, job_id id, Result value,
                              const char* conflict) {
    dispatch();
    switch (what) {
    case memory::memory_jobs::change::not_found:
      return make_error(ec::not_found, "no job " + to_string(id));
    case memory::memory_jobs::change::conflict:
      return make_error(ec::conflict, conflict);
    default:
      return value;
    }
  }

  using purge_promise = caf::typed_response_promise<std::uint64_t>;
  void purge(const std::string& name, std::uint64_t done, purge_promise promise) {
    auto step = jobs().purge(name, purge_step, now_());
    if (step == 0) {
      dispatch();
      promise.deliver(done);
      return;
    }
    purges_.push_back({name, done + step, promise});
    send(this, purge_more::value);
  }

  struct purging {
    std::string name;
    std::uint64_t done;
    purge_promise promise;
  };

  std::shared_ptr<memory_state> kept_;
  wall_clock now_;
  std::map<memory::memory_jobs::worker_id, worker> workers_;
  std::vector<purging> purges_;
  unix_ms armed_at_ = 0; ///< 0: not
  std::uint64_t armed_ = 0;
};

caf::behavior memory_store::make_behavior() {
  set_down_handler([this](caf::down_msg& down) {
    for (auto i = workers_.begin(); i != workers_.end();)
      if (i->second.handle == down.source) {
        jobs().detach(i->first, now_());
        i = workers_.erase(i);
      } else {
        ++i;
      }
    dispatch();
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
      [this](purge_more) {
        auto next = std::move(purges_.front());
        purges_.erase(purges_.begin());
        purge(next.name, next.done, next.promise);
      },
      [this](const get_job& query) -> caf::result<job_view> {
        if (auto found = jobs().find(query.id))
          return std::move(*found);
        return make_error(ec::not_found, "no job " + to_string(query.id));
      },
      [this](const list_jobs& query) { return jobs().list(query); },
      [this](const cancel_job& order) { return cancel(order.id); },
      [this](const retry_job& order) -> caf::result<job_view> {
        auto what = jobs().retry(order.id, order.dead_only, now_());
        auto now_is = jobs().find(order.id);
        return changed(what, order.id, now_is ? std::move(*now_is) : job_view{},
                       order.dead_only ? "only a dead letter can be retried here"
                                       : "only a dead or cancelled job can be retried");
      },
      [this](const discard_job& order) -> caf::result<bool> {
        return changed(jobs().discard(order.id, now_()), order.id, true,
                       "only a dead letter can be discarded");
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
          return make_error(ec::rejected, "there are too many queues already");
        dispatch();
        return std::move(*view);
      },
      [this](const purge_queue& order) -> caf::result<std::uint64_t> {
        auto promise = make_response_promise<std::uint64_t>();
        purge(order.name, 0, promise);
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

#include "runtime/jobs/runner.hpp"

#include "runtime/jobs/job_actor.hpp"
#include "runtime/jobs/store.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::runtime::jobs {
namespace {

using clock = std::chrono::steady_clock;
using flush = caf::atom_constant<caf::atom("flush")>;
using tick = caf::atom_constant<caf::atom("tick")>;

constexpr std::chrono::milliseconds tick_interval{200};
constexpr std::chrono::milliseconds unknown_type_delay{5000};
constexpr std::chrono::milliseconds stop_patience{500}; ///< with a store that does not confirm

/// Why a running attempt was told to end; decides what its end means.
enum class ending : std::uint8_t { none, cancel, timeout, lost, handed_back };

struct slot {
  caf::actor attempt;
  claim_ref claim;
  clock::time_point deadline; ///< of the attempt
  clock::time_point renewed;  ///< the claim
  clock::time_point kill_at;  ///< after a cancellation
  ending why = ending::none;
};

class runner final : public actor::metered {
public:
  runner(caf::actor_config& cfg, actor::placement where, caf::actor store,
         std::shared_ptr<const job_types> types, runner_options options)
      : metered(cfg, std::move(where), "job-runner"), store_(std::move(store)), types_(std::move(types)),
        options_(options) {
    mark_brief();
    for (auto* entry : types_->all())
      counted_[entry->type.name] = &table().type(attempt_type_prefix + entry->type.name);
  }

protected:
  caf::behavior make_behavior() override {
    monitor(store_);
    set_down_handler([this](caf::down_msg& down) {
      quit(make_error(ec::unavailable, "the job store ended: " + runtime::describe(down.reason)));
    });
    send(store_, attach_worker{table().node(), options_.concurrency});
    return {
        [this](jobs_claimed& claimed) {
          for (auto& job : claimed.jobs)
            start(std::move(job));
        },
        [this](attempt_ended& ended) { finish(ended); },
        [this](attempt_progress& report) {
          auto& s = slots_[report.slot];
          if (s.attempt)
            progress_.push_back({s.claim, std::move(report.progress)});
          flush_soon();
        },
        [this](flush) { flush_now(); },
        [this](const claims_revoked& revoked) {
          for (auto& r : revoked.claims)
            revoke(r);
        },
        [this](tick, std::uint64_t number) {
          if (number == tick_number_) // else an earlier one took its place
            on_tick();
        },
        [this](const drain_runner& order) -> caf::result<drained> {
          auto promise = make_response_promise<drained>();
          drain(order, std::move(promise));
          return promise;
        },
        [this](resume_runner) { resume(); },
    };
  }

  void on_exit() override {
    for (auto& s : slots_)
      if (s.attempt)
        send_exit(s.attempt, caf::exit_reason::kill);
    slots_.clear();
    store_ = nullptr;
    for (auto& promise : std::exchange(drain_promises_, {})) // they hold this actor
      promise.deliver(make_error(ec::unavailable, "the runner ended"));
  }

private:
  void start(claimed_job&& job) {
    auto now = clock().now();
    claim_ref claim{job.id, job.token};
    auto* known = types_->find(job.type);
    if (draining_ || !known) {
      attempt_outcome back;
      back.id = claim.id;
      back.token = claim.token;
      back.what = attempt_outcome::kind::released;
      if (!known) { // a newer node submitted it; one of those may run it
        back.what = attempt_outcome::kind::retry;
        back.error = {"unknown-type", "node " + table().node() + " does not know the type " + job.type};
        back.retry_in_ms = unknown_type_delay.count();
      }
      outcomes_.push_back(std::move(back));
      flush_soon();
      return;
    }
    std::uint32_t number;
    if (free_.empty()) {
      number = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      number = free_.back();
      free_.pop_back();
    }
    auto& s = slots_[number];
    s.claim = claim;
    s.why = ending::none;
    s.renewed = now;
    s.deadline = now + std::chrono::milliseconds{job.timeout_ms};
    auto& counted = *counted_.at(known->type.name);
    s.attempt = spawn<job_actor>(table(), counted, caf::actor_cast<caf::actor>(this), number, std::move(job),
                                 known->type);
    ++running_;
    tick_by(s.deadline);
  }

  void finish(attempt_ended& ended) {
    auto& s = slots_[ended.slot];
    auto& outcome = ended.outcome;
    using kind = attempt_outcome::kind;
    // What the attempt said itself before it was told to end stands; a kill or a throw is read by its cause.
    // A failure after a cancellation is its result, though.
    if (s.why == ending::cancel && outcome.what != kind::succeeded && outcome.what != kind::snoozed) {
      outcome.what = kind::cancelled;
      outcome.error = {"cancelled", "cancelled on request"};
    } else if (!ended.said && s.why == ending::timeout) {
      outcome.error = {"timeout", "the attempt took longer than its timeout"};
    } else if (!ended.said && s.why == ending::handed_back) {
      outcome.what = kind::released;
      outcome.error = {};
      ++report_.handed_back;
    }
    if (ended.said || s.why == ending::none)
      ++report_.completed;
    outcomes_.push_back(std::move(outcome)); // of a lost claim too: its token tells
    s = {};
    free_.push_back(ended.slot);
    --running_;
    flush_soon();
  }

  /// Behind the messages that are waiting already, so that a batch grows with the load.
  void flush_soon() {
    if (!std::exchange(flushing_, true))
      send(this, flush::value);
  }

  void flush_now() {
    flushing_ = false;
    if (!progress_.empty())
      send(store_, report_progress{std::exchange(progress_, {})});
    if (!outcomes_.empty())
      send(store_, finish_attempts{std::exchange(outcomes_, {})});
    if (stopped_ && running_ == 0)
      for (auto& promise : std::exchange(drain_promises_, {}))
        promise.deliver(report_);
  }

  void revoke(const revocation& r) {
    for (auto& s : slots_) {
      if (!s.attempt || s.claim.id != r.claim.id || s.claim.token != r.claim.token)
        continue;
      if (r.cancel && s.why == ending::none) {
        s.why = ending::cancel;
        s.kill_at = clock().now() + options_.cancel_grace;
        send_exit(s.attempt, make_error(ec::cancelled, "on request"));
        tick_by(s.kill_at);
      } else if (!r.cancel) {
        end(s, ending::lost);
      }
    }
  }

  void end(slot& s, ending why) {
    s.why = why;
    send_exit(s.attempt, caf::exit_reason::kill);
  }

  void on_tick() {
    auto now = clock().now();
    next_tick_ = {};
    renew_claims renewals;
    auto soonest = now + tick_interval;
    if (draining_ && drain_deadline_ > now)
      soonest = std::min(soonest, drain_deadline_);
    for (auto& s : slots_) {
      if (!s.attempt)
        continue;
      if (s.why == ending::cancel && s.kill_at <= now)
        send_exit(s.attempt, caf::exit_reason::kill);
      else if (s.why == ending::none && draining_ && drain_deadline_ <= now)
        end(s, ending::handed_back);
      else if (s.why == ending::none && s.deadline <= now)
        end(s, ending::timeout);
      else if (s.why == ending::none)
        soonest = std::min(soonest, s.deadline);
      if (now - s.renewed >= options_.claim_ttl / 3) {
        s.renewed = now;
        renewals.claims.push_back(s.claim);
      }
    }
    if (!renewals.claims.empty())
      send(store_, std::move(renewals));
    if (running_ > 0)
      tick_by(soonest);
  }

  /// Ticks only while attempts run, so that an idle node sleeps.
  void tick_by(clock::time_point when) {
    auto now = clock().now();
    when = std::min(when, now + tick_interval);
    if (next_tick_ != clock::time_point{} && next_tick_ <= when)
      return;
    next_tick_ = when;
    delayed_send(this, std::max(when - now, clock::duration::zero()), tick::value, ++tick_number_);
  }

  using drain_promise = caf::typed_response_promise<drained>;
  void drain(const drain_runner& order, drain_promise promise) {
    drain_promises_.push_back(std::move(promise));
    auto deadline = clock().now() + order.deadline;
    drain_deadline_ = draining_ ? std::min(drain_deadline_, deadline) : deadline;
    if (!std::exchange(draining_, true)) {
      report_ = {};
      // The answer comes behind the last claims, so nothing is on its way when the drain is reported.
      auto stopped = [this, number = ++drain_number_] {
        stopped_ = draining_ && number == drain_number_;
        flush_soon();
      };
      request(store_, stop_patience, stop_claiming{}).then(stopped, [=](const caf::error&) { stopped(); });
    }
    tick_by(drain_deadline_);
    flush_soon();
  }

  void resume() {
    if (!std::exchange(draining_, false))
      return;
    stopped_ = false;
    for (auto& promise : std::exchange(drain_promises_, {}))
      promise.deliver(make_error(ec::cancelled, "the runner claims again"));
    send(store_, resume_claiming{});
  }

  caf::actor store_;
  std::shared_ptr<const job_types> types_;
  runner_options options_;
  std::unordered_map<std::string, actor::actor_type*> counted_;
  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t running_ = 0;
  std::vector<attempt_outcome> outcomes_;
  std::vector<progress_report> progress_;
  bool flushing_ = false;
  clock::time_point next_tick_{};
  std::uint64_t tick_number_ = 0;
  bool draining_ = false;
  bool stopped_ = false; ///< the store knows
  std::uint64_t drain_number_ = 0;
  clock::time_point drain_deadline_;
  std::vector<drain_promise> drain_promises_;
  drained report_;
};

} // namespace

caf::actor spawn_runner(caf::event_based_actor& parent, actor::placement at, caf::actor store,
                        std::shared_ptr<const job_types> types, runner_options options) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<runner>(std::move(at), std::move(store), std::move(types), options));
}

} // namespace tutti::runtime::jobs

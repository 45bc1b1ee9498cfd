#pragma once
#include "runtime/jobs/store.hpp"
#include "services/postgres/actor_results.hpp"
#include "services/postgres_jobs/codec.hpp"
#include "services/postgres_jobs/store.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::services::postgres_jobs {

namespace jobs = runtime::jobs;
using jobs::unix_ms;

/// The actor behind spawn_postgres_store. Each group of messages has a file of its own.
class postgres_store final : public runtime::actor::metered {
public:
  postgres_store(caf::actor_config& cfg, runtime::actor::placement where, postgres::pool& database,
                 jobs::store_options options, std::shared_ptr<jobs::job_observer> observer);

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  using steady = std::chrono::steady_clock;
  using milliseconds = std::chrono::milliseconds;
  using results = std::vector<postgres::result>;
  using failure_handler = std::function<void(const caf::error&)>;

  struct worker {
    caf::actor handle;
    std::int64_t id = 0; ///< in the database, of this incarnation
    std::string node;
    std::uint32_t credit = 0;
    bool stopped = false;
    bool known = false; ///< it has a row
  };
  /// A claim whose outcome has not come; also a lost one, whose worker still owes it.
  struct held_claim {
    std::uint32_t worker = 0;
    job_event job;
    unix_ms started_at = 0;
    bool told_to_end = false;
    bool lost = false;
  };
  using claim_key = std::pair<jobs::job_id, std::uint64_t>;
  struct claim_hash {
    std::size_t operator()(const claim_key& k) const noexcept { return k.first.lo ^ k.second; }
  };
  struct submission {
    caf::actor to;
    jobs::submit_jobs order;
    steady::time_point until; ///< then it is answered `unavailable`
    std::vector<std::optional<jobs::submit_result>> answers;
  };
  struct renewal {
    caf::actor to;
    jobs::claim_ref claim;
  };

  /// What waits for the next transaction, or is in it.
  struct gathered {
    std::vector<submission> submissions;
    std::vector<jobs::attempt_outcome> outcomes;
    std::vector<renewal> renewals;
    std::unordered_map<claim_key, std::string, claim_hash> progress;
    std::vector<std::pair<std::int64_t, bool>> ended; ///< workers, and whether they died
    std::vector<std::function<void()>> behind;        ///< what was asked after it
    bool empty() const noexcept {
      return submissions.empty() && outcomes.empty() && renewals.empty() && progress.empty() && ended.empty();
    }
  };
  struct turn {
    gathered items;
    postgres::unit work;
    std::vector<std::function<void(const postgres::result&)>> then; ///< for each statement
    bool ticks = false;
    bool claims_in_full = false; ///< there may be more
    std::size_t claimed = 0;
  };
  /// A change that goes alone.
  struct order {
    std::function<postgres::unit()> make;
    std::function<void(results&)> then;
    failure_handler fail;
    int attempt = 1;
  };

  // store_turns.cpp
  void ask(postgres::unit work, std::function<void(postgres::answer&)> then);
  /// After everything that this actor was sent before.
  void read(postgres::unit work, std::function<void(results&)> then, failure_handler fail);
  void behind_all(std::function<void()> then);
  void in_turn(std::function<postgres::unit()> make, std::function<void(results&)> then,
               failure_handler fail);
  void next_turn();
  bool gathers();
  void run_order();
  gathered take_items();
  void run_turn();
  void turn_ended(turn& of, postgres::answer& got);
  void turn_failed(turn& of, const postgres::failure& why);
  void put_back(gathered& items, bool keep_submissions);
  void rest(milliseconds pause);
  void back_in_service();

  // store_submit.cpp
  void submit(jobs::submit_jobs& order);
  void refuse(submission& one);
  void append_submissions(turn& to);
  void take_row(turn& of, std::pair<std::size_t, std::size_t> slot, const postgres::row& row);
  void answer_submissions(gathered& items);
  void tell(const jobs::job_spec& spec, jobs::job_status status);
  void tell(const job_event& event, unix_ms waited_ms = 0);
  void tell_all(const postgres::result& events, int first_column = 0);

  // store_claims.cpp
  worker* sender_worker();
  worker* worker_of(std::int64_t id);
  void attach(const jobs::attach_worker& hello);
  caf::result<void> stop_claiming();
  void worker_ended(std::uint32_t number, bool died);
  bool hungry() const noexcept;
  void append_ended(turn& to);
  void append_outcomes(turn& to);
  void append_renewals(turn& to);
  void append_workers(turn& to);
  void append_claims(turn& to);
  void claimed(turn& of, std::uint32_t number, std::uint32_t asked, const postgres::result& rows);
  void finish(jobs::finish_attempts& ended);
  void renew(const jobs::renew_claims& renewals);
  void report(jobs::report_progress& progress);
  void revoke(const job_event& lost, bool cancel);
  void append_tick(turn& to);
  void append_lost_answers(turn& to, const std::vector<std::int64_t>& workers);
  void looked_ahead(const postgres::result& outlook);
  void tick_in(milliseconds wait);
  void poll_in(milliseconds wait);
  void claim_now();

  // store_read.cpp
  struct listing;
  caf::result<jobs::job_view> get(jobs::job_id id);
  caf::result<jobs::job_page> list(const jobs::list_jobs& query);
  void list_on(std::shared_ptr<listing> of);
  caf::result<std::vector<jobs::queue_view>> queues();
  std::vector<jobs::queue_view> queue_views(const postgres::result& queues,
                                            const postgres::result& depths) const;
  static void add_view(postgres::unit& to, jobs::job_id id);
  static std::optional<jobs::job_view> view_of(const postgres::result& job, const postgres::result& history);

  // store_admin.cpp
  caf::result<jobs::cancel_result> cancel(jobs::job_id id);
  caf::result<jobs::job_view> retry(jobs::job_id id, bool dead_only);
  caf::result<bool> discard(jobs::job_id id);
  struct bulk_retry;
  caf::result<std::uint32_t> retry_dead(const jobs::retry_dead& order);
  void retry_more(std::shared_ptr<bulk_retry> of);
  caf::result<jobs::queue_view> pause(const jobs::pause_queue& order);
  struct purging;
  caf::result<std::uint64_t> purge(const jobs::purge_queue& order);
  void purge_more(std::shared_ptr<purging> of);

  // store_schedules.cpp
  caf::result<jobs::schedule_view> put(jobs::put_schedule& order);
  caf::result<bool> remove(const std::string& name);
  caf::result<std::vector<jobs::schedule_view>> schedules();
  void fire_due();
  void fire(stored_schedule due, unix_ms now);

  unix_ms server_now() const;

  postgres::pool& database_;
  jobs::store_options options_;
  std::shared_ptr<jobs::job_observer> observer_;
  std::uint64_t last_call_ = 0;
  std::unordered_map<std::uint64_t, std::function<void(postgres::answer&)>> calls_;

  gathered waiting_;
  std::size_t waiting_jobs_ = 0; ///< in waiting_.submissions
  std::deque<order> orders_;
  std::shared_ptr<turn> under_way_;
  bool ordered_ = false; ///< an order is under way
  bool order_is_next_ = true;
  std::size_t last_group_ = 0;        ///< submissions and outcomes in the last turn
  steady::time_point gather_until_{}; ///< so many are likely to come again
  bool claim_wanted_ = false;
  bool resting_ = false;
  std::uint64_t one_by_one_ = 0; ///< turns that take one item each, since one of many is refused
  bool outage_ = false;
  bool claims_unknown_ = false; ///< some may be ours whose answer was lost
  milliseconds pause_;
  steady::time_point reap_from_; ///< an outage may have kept others from renewing

  std::uint32_t last_worker_ = 0;
  std::map<std::uint32_t, worker> workers_;
  std::unordered_map<claim_key, held_claim, claim_hash> held_;
  std::unordered_set<std::string> queues_; ///< that are known to be there
  std::int64_t room_ = 0;                  ///< for further jobs, at the last tick
  unix_ms ahead_ = 0;                      ///< the server's clock before ours
  std::uint64_t turns_ = 0;                ///< of the queues
  const milliseconds tick_interval_;
  bool tick_due_ = true;
  bool firing_ = false;
  std::uint64_t tick_timer_ = 0, poll_timer_ = 0;
  steady::time_point ticks_at_{}, polls_at_{}; ///< zero: no timer is set
  milliseconds poll_interval_;
};

} // namespace tutti::services::postgres_jobs

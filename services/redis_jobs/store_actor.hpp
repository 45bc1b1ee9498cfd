#pragma once
#include "runtime/jobs/store.hpp"
#include "services/redis/actor_replies.hpp"
#include "services/redis_jobs/scripts.hpp"
#include "services/redis_jobs/store.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::services::redis_jobs {

namespace jobs = runtime::jobs;
using jobs::unix_ms;

/// The actor behind spawn_redis_store. Each group of messages has a file of its own.
class redis_store final : public runtime::actor::metered {
public:
  redis_store(caf::actor_config& cfg, runtime::actor::placement where, connections to,
              jobs::store_options options, std::shared_ptr<jobs::job_observer> observer);

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  using clock_type = redis::client::clock;
  using answer_handler = std::function<void(redis::batch_result&)>;
  using failure_handler = std::function<void(const caf::error&)>;
  using replies = std::span<const redis::reply>;

  struct worker {
    caf::actor handle;
    std::string consumer; ///< its name in the streams' groups
    std::string node;
    std::uint32_t credit = 0;
    bool stopped = false;
    bool claiming = false;
    bool again = false;          ///< claim once more when the present claim is answered
    std::uint32_t finishing = 0; ///< outcomes of it that the server has not answered, in messages
    std::optional<bool> ended;   ///< whether it died
  };
  /// A claim whose outcome has not been recorded; also a lost one, whose worker still owes its outcome, while
  /// the job may be claimed here again.
  struct held_claim {
    std::uint32_t worker = 0;
    std::uint32_t attempt = 0;
    std::string type, queue, node;
    runtime::telemetry::trace_context trace;
    bool ended = false; ///< its outcome is here
  };

  struct submission {
    caf::actor to;
    jobs::submit_jobs order;
    clock_type::time_point until; ///< then it is answered `unavailable`
  };

  // store.cpp
  /// 0 for what is none.
  static std::uint64_t whole_number(std::string_view text);
  /// A script's call without keys; so many arg() must follow.
  redis::command_batch& call(redis::command_batch& to, const redis::script& what, std::size_t arguments);
  void ask(redis::command_batch batch, answer_handler then);
  void ask_until(clock_type::time_point deadline, redis::command_batch batch, answer_handler then);
  /// As ask(), but `then` sees only answered batches without errors; `fail` gets the others.
  void ask_all(redis::command_batch batch, answer_handler then, failure_handler fail);
  /// Again and again until the server has answered it: it must not be lost, and may come twice.
  void insist(std::function<redis::command_batch()> make, answer_handler then);
  void tell(const jobs::job_spec& spec, jobs::job_status status);
  void tell_changes(replies changes);
  void set_up();

  // store_submit.cpp
  /// So many words as words_of_a_job says.
  void append_job(redis::command_batch& to, const jobs::job_spec& spec) const;
  void submit(jobs::submit_jobs& order);
  void submit_waiting();
  void submitted(std::vector<submission>& group, const redis::batch_result& result);
  jobs::submit_result result_of(const jobs::job_spec& spec, const redis::reply& answer);

  // store_claims.cpp
  std::uint32_t sender_worker(); ///< 0: it is none
  worker* worker_of(std::string_view consumer);
  void attach(const jobs::attach_worker& hello);
  void worker_ended(std::uint32_t number, bool died);
  void give_back(std::uint32_t number);
  bool wants_jobs(const worker& w) const noexcept { return !w.stopped && w.credit > 0; }
  bool hungry() const noexcept;
  /// A claim for each worker that can take jobs: the words of lua/claiming.lua, and those workers, whose
  /// answers come in this order.
  struct claims {
    std::vector<std::string> words;
    std::vector<std::uint32_t> by;
    void append_to(redis::command_batch& out) const {
      for (auto& word : words)
        out.arg(word);
    }
  };
  claims make_claims();
  void claim_now();
  void claims_answered(const std::vector<std::uint32_t>& by, replies answers);
  void claimed(std::uint32_t number, const redis::reply& answer);
  void renew(const jobs::renew_claims& renewals);
  void report(const jobs::report_progress& progress);
  void listen();
  void heard(const redis::batch_result& result);
  void tick();
  void ticked(const redis::batch_result& result);
  void tick_in(std::chrono::milliseconds wait);

  // store_finish.cpp
  struct ended_attempts {
    std::uint32_t by; ///< worker; 0: none that is known
    std::vector<jobs::attempt_outcome> outcomes;
  };
  void finish(jobs::finish_attempts& ended);
  void finish_waiting();
  /// `claimers`: out.
  redis::command_batch finish_call(const std::vector<ended_attempts>& group, std::size_t count,
                                   std::vector<std::uint32_t>& claimers);
  void finished(const ended_attempts& of, replies answers);

  // store_read.cpp
  struct listing;
  using job_list = std::vector<jobs::job_view>;
  /// The jobs of those ids that are there, in their order.
  void fetch(const std::vector<std::string>& ids, bool with_history, std::function<void(job_list&)> then,
             const failure_handler& fail);
  caf::result<jobs::job_view> get(jobs::job_id id);
  caf::result<jobs::job_page> list(const jobs::list_jobs& query);
  void list_by_key(const std::shared_ptr<listing>& of);
  void list_on(const std::shared_ptr<listing>& of);
  void list_ids(std::shared_ptr<listing> of, std::string_view index);
  void list_buckets(const std::shared_ptr<listing>& of);
  void list_bucket(const std::shared_ptr<listing>& of);
  caf::result<std::vector<jobs::queue_view>> queues();
  jobs::queue_view queue_of(const redis::reply& row, unix_ms now) const;

  // store_admin.cpp
  caf::result<jobs::cancel_result> cancel(jobs::job_id id);
  caf::result<jobs::job_view> retry(jobs::job_id id, bool dead_only);
  caf::result<bool> discard(jobs::job_id id);
  caf::result<std::uint32_t> retry_dead(const jobs::retry_dead& order);
  struct bulk_retry;
  void retry_more(const std::shared_ptr<bulk_retry>& of);
  caf::result<jobs::queue_view> pause(const jobs::pause_queue& order);
  struct purging;
  caf::result<std::uint64_t> purge(const jobs::purge_queue& order);
  void purge_more(const std::shared_ptr<purging>& of);

  // store_schedules.cpp
  caf::result<jobs::schedule_view> put(jobs::put_schedule& order);
  caf::result<bool> remove(const std::string& name);
  caf::result<std::vector<jobs::schedule_view>> schedules();
  static unix_ms time_of(const redis::reply& time); ///< what TIME answered
  void fire_due(unix_ms now);
  void fire(const std::string& name, unix_ms now);

  connections to_;
  jobs::store_options options_;
  std::shared_ptr<jobs::job_observer> observer_;
  std::string prefix_;
  std::string instance_; ///< of this actor: another one takes over none of its claims
  std::uint64_t last_call_ = 0;
  std::unordered_map<std::uint64_t, answer_handler> calls_;
  struct repeated {
    std::function<redis::command_batch()> make;
    answer_handler then;
    std::chrono::milliseconds pause;
  };
  std::map<std::uint64_t, repeated> repeats_;
  std::uint64_t last_repeat_ = 0;
  void send_repeated(std::uint64_t number);
  std::deque<submission> waiting_;
  std::size_t waiting_jobs_ = 0; ///< in waiting_
  std::size_t submitting_ = 0;   ///< calls
  std::deque<ended_attempts> ending_;
  std::size_t finishing_ = 0; ///< calls
  std::uint32_t last_worker_ = 0;
  std::map<std::uint32_t, worker> workers_;
  std::map<std::pair<jobs::job_id, std::uint64_t>, held_claim> held_; ///< by token too
  std::uint64_t turn_ = 0;                                            ///< of the queues
  std::uint64_t timer_ = 0;
  clock_type::time_point ticks_at_{}; ///< zero: no timer is set
  bool ticking_ = false;
};

inline constexpr std::chrono::milliseconds answer_deadline{4000};
inline constexpr std::size_t words_of_a_job = 5; ///< in a call of submit.lua and fire.lua

} // namespace tutti::services::redis_jobs

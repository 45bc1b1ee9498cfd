#pragma once
#include "runtime/jobs/memory/keys.hpp"
#include "runtime/jobs/memory/queue.hpp"
#include "runtime/jobs/memory/record.hpp"
#include "runtime/jobs/observer.hpp"
#include "runtime/jobs/refusals.hpp"
#include "runtime/jobs/store.hpp"
#include "runtime/jobs/store_options.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

namespace tutti::runtime::jobs {

namespace memory {

/// The memory provider's whole state and rules, without actors or clocks: every call is told the time.
class memory_jobs {
public:
  memory_jobs(store_options options, job_observer* observer);
  ~memory_jobs();
  memory_jobs(const memory_jobs&) = delete;
  memory_jobs& operator=(const memory_jobs&) = delete;

  submit_result submit(job_spec&& spec, unix_ms now);

  using worker_id = std::uint32_t;
  worker_id attach(std::string node);
  /// The worker has ended: its jobs are runnable again, and when it died each counts one death.
  void detach(worker_id worker, bool died, unix_ms now);
  /// Appends up to `max` jobs to `out`.
  void claim(worker_id worker, std::size_t max, unix_ms now, std::vector<claimed_job>& out);
  /// Whether the token was the one of the claim.
  bool finish(attempt_outcome&& outcome, unix_ms now);
  void renew(const std::vector<claim_ref>& claims, unix_ms now, std::vector<revocation>& lost);
  void progress(progress_report&& report);

  std::optional<job_view> find(job_id id) const;
  job_page list(const list_jobs& query);
  /// The worker to be told when the outcome is `requested`; else 0.
  std::optional<std::pair<cancel_result, worker_id>> cancel(job_id id, unix_ms now);
  change retry(job_id id, bool dead_only, unix_ms now);
  change discard(job_id id, unix_ms now);
  std::uint32_t retry_dead(const job_filter& filter, std::uint32_t max, unix_ms now);

  std::vector<queue_view> queues(unix_ms now) const;
  /// Nothing when there are too many queues already.
  std::optional<queue_view> pause(const std::string& name, bool paused, unix_ms now);
  /// Cancels up to `max` jobs that are not running and came until `until`; the number done, 0 at the end.
  std::size_t purge(const std::string& name, std::size_t max, unix_ms until, unix_ms now);

  /// Does what is due: delayed jobs, expired leases, retention. Bounded work; call again when next_due is
  /// past.
  void tick(unix_ms now, std::vector<std::pair<worker_id, revocation>>& lost);
  std::optional<unix_ms> next_due(unix_ms now) const;
  /// Of its latest claim; 0 when it is not known.
  std::uint64_t token(job_id id) const noexcept;
  std::uint64_t unfinished() const noexcept;

private:
  static constexpr unix_ms no_attempt = std::numeric_limits<unix_ms>::min(); ///< none ended with the change

  record* lookup(job_id id) const noexcept;
  std::optional<std::uint16_t> type_index(std::string_view type);
  queue* find_queue(std::string_view name) const;
  queue* make_queue(const std::string& name);
  bool matches(const record& r, const job_filter& filter) const;

  void set_status(record& r, job_status status);
  void notify(const record& r, unix_ms waited_ms, unix_ms ran_ms) const;
  job_view view(const record& r, bool with_history) const;
  queue_view view(const queue& q, unix_ms now) const;
  void make_ready(record& r, unix_ms now);
  void wait_until(record& r, unix_ms due, job_status status, unix_ms now);
  void leave_lists(record& r) noexcept;
  void end_attempt(record& r, std::string_view outcome, const job_error& error, unix_ms now);
  void lose(record& r, bool worker_died, unix_ms now);
  void finish_job(record& r, job_status status, unix_ms now);
  void release_key(record& r);
  bool restart(record& r, unix_ms now);
  void erase(record& r, unix_ms now);
  void trim(unix_ms now, std::size_t at_most);
  claimed_job hand_out(record& r, worker_id worker, unix_ms now);
  std::string line_name(const record& r) const;

  store_options options_;
  job_observer* observer_;
  boost::unordered_flat_map<job_id, std::unique_ptr<record>, std::hash<job_id>> by_id_;
  key_index by_key_;
  id_index by_status_[job_status_count];
  std::set<std::pair<unix_ms, job_id>> delayed_;
  record_list finished_; ///< succeeded and cancelled, in order of their end
  struct line {
    record* holder = nullptr;
    record_list waiting;
  };
  std::unordered_map<std::string, line> lines_; ///< by queue and key
  std::map<std::pair<std::string_view, fingerprint>, record*> unique_;
  std::vector<std::unique_ptr<queue>> queues_;
  std::size_t next_queue_ = 0;
  std::deque<std::string> types_; ///< never moves: unique_ views into it
  std::map<std::string, std::uint16_t, std::less<>> type_numbers_;
  std::vector<std::string> workers_; ///< node names; number 0 is nobody
  unix_ms next_lease_check_ = 0;     ///< 0: at once
};

} // namespace memory
} // namespace tutti::runtime::jobs

#pragma once
#include "runtime/jobs/runner.hpp"
#include "runtime/jobs/store.hpp"
#include "tests/runtime/jobs/conformance/provider.hpp"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

namespace tutti::tests::conformance {

using namespace runtime::jobs;
using std::chrono::milliseconds;
using kind = attempt_outcome::kind;

/// An answer to a request: the value, or the words of the error ("not found: …").
template <class T>
struct answer {
  std::optional<T> value;
  std::string error;
  explicit operator bool() const { return value.has_value(); }
  const T* operator->() const { return &value.value(); }
  const T& operator*() const { return value.value(); }
};

/// The changes that the provider reported, in order, by job.
class recorder final : public job_observer {
public:
  void accepted(std::string_view) override;
  void changed(const job_change& change) override;
  std::vector<job_status> of(job_id id) const;
  std::uint64_t accepted_count() const;
  /// Transitions that no job may make.
  std::vector<std::string> illegal() const;

private:
  mutable std::mutex lock_;
  std::uint64_t accepted_ = 0;
  std::map<job_id, std::vector<job_status>> seen_;
};

/// What the store has sent to one test actor.
struct inbox {
  std::mutex lock;
  std::deque<claimed_job> claims;
  std::vector<revocation> revoked;
  std::vector<jobs_submitted> submitted;
};

/// A worker that the test plays itself.
struct test_worker {
  caf::actor handle;
  std::shared_ptr<inbox> in;
};

class JobStore : public testing::TestWithParam<provider> {
protected:
  JobStore();
  ~JobStore() override;

  /// Short times, because real servers run in real time. Change them before the first use of the store.
  store_options options;
  recorder seen;
  std::shared_ptr<job_types> types = std::make_shared<job_types>();

  world& here();
  caf::actor store();
  void end_store(); ///< kills the actor; the next use starts another one over the same data
  unix_ms now() { return here().now(); }
  void pass(std::chrono::microseconds duration) { here().pass(duration); }
  /// Waits until `condition` holds.
  bool eventually(const std::function<bool()>& condition, milliseconds within = milliseconds{3000});

  job_spec job(std::string type = "test");
  job_spec keyed(std::string key, std::string queue = "default");
  std::vector<submit_result> submit_all(std::vector<job_spec> jobs);
  submit_result submit(job_spec spec);
  job_id accept(job_spec spec); ///< expects submitted::accepted

  answer<job_view> get(job_id id);
  job_status status(job_id id); ///< expects that the job is known
  bool becomes(job_id id, job_status wanted, milliseconds within = milliseconds{3000});
  job_page page(list_jobs query);
  std::vector<job_id> list(job_filter filter = {}, std::uint32_t page_size = 100);
  answer<cancel_result> cancel(job_id id);
  answer<job_view> retry(job_id id, bool dead_only = false);
  answer<bool> discard(job_id id);
  std::uint32_t retry_dead(job_filter filter, std::uint32_t max);
  std::vector<queue_view> queues();
  queue_view queue(const std::string& name);
  answer<queue_view> pause(const std::string& name, bool pause = true);
  std::uint64_t purge(const std::string& name);
  answer<schedule_view> put(schedule_spec spec);
  answer<bool> delete_schedule(const std::string& name);
  std::vector<schedule_view> schedules();

  test_worker attach(std::uint32_t credit, const std::string& node = "w");
  void end(const test_worker& worker, bool in_order = false);
  void stop_claiming(const test_worker& worker);
  /// The next claim that was not taken yet; a failure when none comes within `within`.
  claimed_job claim(const test_worker& worker, milliseconds within = milliseconds{3000});
  /// Nothing more for this worker now.
  bool idle(const test_worker& worker);
  std::size_t waiting(const test_worker& worker); ///< claims not taken yet
  void finish(const test_worker& worker, std::vector<attempt_outcome> outcomes);
  void finish(const test_worker& worker, const claimed_job& c, kind what,
              milliseconds delay = milliseconds{0}, std::string words = "");
  void renew(const test_worker& worker, const claimed_job& c);
  void report(const test_worker& worker, const claimed_job& c, std::string progress);
  std::vector<revocation> revoked(const test_worker& worker);
  /// Lets each claim that comes within the time succeed at once.
  std::vector<claimed_job> serve(const test_worker& worker, milliseconds duration);
  /// Submits, claims and kills a job off, so that it is a dead letter.
  job_id bury(const test_worker& worker, job_spec spec, std::string kind, std::string words);

  caf::actor start_runner(runner_options options);
  std::optional<drained> drain(const caf::actor& runner, milliseconds deadline);
  void kill(const caf::actor& a);
  std::size_t live_actors(const std::string& type);

  runtime::actor::actor_table table{"n"};

private:
  template <class Answer, class Query>
  answer<Answer> ask(Query query, milliseconds patience = milliseconds{20000});
  caf::actor spawn_below(std::function<caf::actor(caf::event_based_actor&)> start);
  test_worker listen();

  std::unique_ptr<world> world_;
  std::unique_ptr<caf::scoped_actor> client_;
  caf::actor store_;
  test_worker submitter_;
  std::vector<caf::actor> started_;
  std::uint64_t calls_ = 0;
};

} // namespace tutti::tests::conformance

#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/jobs/job_types.hpp"
#include "runtime/jobs/store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

namespace tutti::runtime::jobs {

/// To the runner, exactly once for each attempt, whatever ended it.
struct attempt_ended {
  std::uint32_t slot = 0;
  bool said = false; ///< by the handler; else it threw, was killed or left without a word
  attempt_outcome outcome;
};
/// To the runner.
struct attempt_progress {
  std::uint32_t slot = 0;
  std::string progress; ///< JSON text
};

/// One attempt of one job. A handler calls one of the ending functions once; what it does after that is
/// ignored, and so is every answer that it still waits for. With more than 100,000 messages waiting it fails.
class job_actor final : public actor::metered {
public:
  /// `type` and the table behind it must outlive the actor.
  job_actor(caf::actor_config& cfg, actor::actor_table& table, actor::actor_type& counted, caf::actor runner,
            std::uint32_t slot, claimed_job job, const job_type& type);

  /// The job: id, payload, attempt. `token` grows with each claim and is never reused, so that an outside
  /// effect can be made once by refusing smaller ones.
  const claimed_job& job() const noexcept { return job_; }
  std::string_view payload() const noexcept { return job_.payload; }

  void succeed(std::string json_result = "null");
  /// Retried by the type's policy while attempts are left.
  void fail(job_error why);
  /// Not worth repeating: straight to the dead letters.
  void reject(job_error why);
  /// As fail, but after the given time (a Retry-After, say).
  void retry_in(std::chrono::milliseconds delay, job_error why);
  /// Not now: runs again after the delay, and this attempt does not count.
  void snooze(std::chrono::milliseconds delay);
  /// Shown by GET /jobs/{id}; the latest wins.
  void progress(std::string json);

  /// What to do when a user cancels the job. Without it the attempt ends at once; with it, it must end by
  /// itself within the grace that the node gives, or it is killed.
  void on_cancel(std::function<void()> tidy_up) { tidy_up_ = std::move(tidy_up); }
  /// Ends the attempt as cancelled.
  void cancelled();

  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

protected:
  caf::behavior make_behavior() override;
  caf::invoke_message_result consume(caf::mailbox_element& element) override;
  void describe(actor::actor_view& view) const override;

private:
  void record(attempt_outcome::kind what, std::string result, job_error why, std::int64_t retry_in_ms);
  void record_failure(std::chrono::milliseconds delay, job_error why);
  struct request_guard;

  caf::actor runner_;
  claimed_job job_;
  const job_type& type_;
  std::function<void()> tidy_up_;
  attempt_outcome outcome_;
  std::uint32_t slot_;
  bool ended_ = false;
};

} // namespace tutti::runtime::jobs

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::attempt_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::attempt_progress)

#include "runtime/jobs/job_actor.hpp"

#include <utility>

#include <caf/send.hpp>

namespace tutti::runtime::jobs {
namespace {

constexpr std::size_t max_waiting = 100000; ///< messages; a handler that floods itself would fill the memory

} // namespace

job_actor::job_actor(caf::actor_config& cfg, actor::actor_table& table, actor::actor_type& counted,
                     caf::actor runner, std::uint32_t slot, claimed_job job, const job_type& type)
    : metered(cfg, table, counted, 0), runner_(std::move(runner)), job_(std::move(job)), type_(type),
      slot_(slot) {
  if (counted.brief())
    mark_brief();
  set_exit_handler([this](caf::exit_msg& exit) {
    if (tidy_up_ && is(exit.reason, ec::cancelled))
      tidy_up_();
    else
      quit(std::move(exit.reason));
  });
}

/// CAF keeps an actor that has quit for as long as it waits for an answer, and then not even a kill ends it.
struct job_actor::request_guard {
  job_actor& self;
  ~request_guard() {
    if (!self.getf(is_shutting_down_flag))
      return;
    self.awaited_responses_.clear();
    self.multiplexed_responses_.clear();
  }
};

caf::behavior job_actor::make_behavior() {
  request_guard guard{*this};
  return type_.run(this);
}

caf::invoke_message_result job_actor::consume(caf::mailbox_element& element) {
  request_guard guard{*this};
  auto result = metered::consume(element);
  if (mailbox().size() > max_waiting)
    quit(make_error(ec::failed, "more than " + std::to_string(max_waiting) + " messages are waiting"));
  return result;
}

void job_actor::record(attempt_outcome::kind what, std::string result, job_error why,
                       std::int64_t retry_in_ms) {
  if (std::exchange(ended_, true))
    return;
  outcome_.what = what;
  outcome_.result = std::move(result);
  outcome_.error = std::move(why);
  outcome_.retry_in_ms = retry_in_ms;
}

void job_actor::record_failure(std::chrono::milliseconds delay, job_error why) {
  auto what = job_.attempts_left > 0 ? attempt_outcome::kind::retry : attempt_outcome::kind::dead;
  record(what, {}, std::move(why), delay.count());
}

void job_actor::succeed(std::string json_result) {
  record(attempt_outcome::kind::succeeded, std::move(json_result), {}, 0);
  quit();
}

void job_actor::fail(job_error why) {
  retry_in(retry_delay(type_.retry, job_.attempts_spent), std::move(why));
}

void job_actor::reject(job_error why) {
  record(attempt_outcome::kind::dead, {}, std::move(why), 0);
  quit();
}

void job_actor::retry_in(std::chrono::milliseconds delay, job_error why) {
  record_failure(delay, std::move(why));
  quit();
}

void job_actor::snooze(std::chrono::milliseconds delay) {
  record(attempt_outcome::kind::snoozed, {}, {}, delay.count());
  quit();
}

void job_actor::cancelled() {
  record(attempt_outcome::kind::cancelled, {}, {"cancelled", "cancelled on request"}, 0);
  quit();
}

void job_actor::progress(std::string json) {
  if (!ended_)
    caf::anon_send(runner_, attempt_progress{slot_, std::move(json)});
}

bool job_actor::cleanup(caf::error&& reason, caf::execution_unit* host) {
  auto runner = std::exchange(runner_, caf::actor{});
  auto said = ended_;
  if (!said && is(reason, ec::cancelled))
    record(attempt_outcome::kind::cancelled, {}, {"cancelled", "cancelled on request"}, 0);
  else if (!said) // thrown, killed, or left without a word
    record_failure(retry_delay(type_.retry, job_.attempts_spent),
                   {"failed", reason ? words(reason) : "the handler ended without an outcome"});
  outcome_.id = job_.id;
  outcome_.token = job_.token;
  tidy_up_ = nullptr;
  auto done = metered::cleanup(std::move(reason), host);
  // Last, when nothing of the attempt runs any more: the next one of its key may begin at once.
  if (runner)
    runner->enqueue(nullptr, caf::make_message_id(),
                    caf::make_message(attempt_ended{slot_, said, std::move(outcome_)}), host);
  return done;
}

void job_actor::describe(actor::actor_view& view) const {
  metered::describe(view);
  view.path =
      "/" + table().node() + "/jobs/attempts/" + to_string(job_.id) + "-" + std::to_string(job_.attempt);
}

} // namespace tutti::runtime::jobs

#include "runtime/telemetry/log.hpp"
#include "services/redis_jobs/codec.hpp"
#include "services/redis_jobs/store_actor.hpp"

#include <algorithm>
#include <utility>

// Submissions: while some are under way, others gather for the next call, which costs the server little more.
namespace tutti::services::redis_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;

constexpr std::size_t most_calls = 2; ///< at once: the server works on one while the other travels
constexpr std::size_t most_jobs =
    500; ///< in one call, which nothing interrupts; but an order goes as a whole
constexpr std::size_t most_waiting = 20000; ///< jobs; more are told to come again

} // namespace

void redis_store::append_job(redis::command_batch& to, const job_spec& spec) const {
  auto digest = key_digest(spec.idempotency_key);
  to.arg(id_bytes(spec.id)).arg(digest).arg(fixed_half(spec, digest));
  to.arg(std::to_string(static_cast<unsigned>(spec.priority)) + ':' + spec.queue).arg(wishes_of(spec));
}

void redis_store::submit(submit_jobs& order) {
  submission one{caf::actor_cast<caf::actor>(current_sender()), std::move(order),
                 clock_type::now() + answer_deadline};
  auto count = one.order.jobs.size();
  if (count == 0 || (waiting_jobs_ != 0 && waiting_jobs_ + count > most_waiting)) {
    send(one.to, jobs_submitted{one.order.call, std::vector<submit_result>(count)}); // unavailable
    return;
  }
  waiting_jobs_ += count;
  waiting_.push_back(std::move(one));
  submit_waiting();
}

void redis_store::submit_waiting() {
  while (!waiting_.empty() && submitting_ < most_calls) {
    auto group = std::make_shared<std::vector<submission>>();
    std::size_t count = 0;
    do {
      count += waiting_.front().order.jobs.size();
      group->push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    } while (!waiting_.empty() && count + waiting_.front().order.jobs.size() <= most_jobs);
    waiting_jobs_ -= count;
    auto soon = hungry();
    auto wanted = make_claims();
    redis::command_batch batch;
    call(batch, all_scripts().submit, 4 + words_of_a_job * count + wanted.words.size());
    batch.arg(options_.max_jobs).arg(options_.max_queues).arg(soon ? "1" : "0").arg(count);
    for (auto& one : *group)
      for (auto& spec : one.order.jobs) {
        append_job(batch, spec);
        spec.payload = {};
      }
    wanted.append_to(batch);
    ++submitting_;
    ask_until(group->front().until, std::move(batch),
              [this, group, by = std::move(wanted.by)](redis::batch_result& result) {
                --submitting_;
                submitted(*group, result);
                auto parts = result.replies.front().elements();
                claims_answered(by, parts.size() == 3 ? parts[2].elements() : replies{});
                if (parts.size() != 3)
                  claim_now(); // a full server takes no jobs, but gives them
                submit_waiting();
              });
  }
}

void redis_store::submitted(std::vector<submission>& group, const redis::batch_result& result) {
  auto& done = result.replies.front();
  if (done.is_error())
    telemetry::get().warn("jobs.submission_refused reason={}", done.text());
  auto parts = done.elements();
  auto answers = parts.size() == 3 ? parts[0].elements() : replies{};
  if (parts.size() == 3)
    tell_changes(parts[1].elements());
  for (auto& one : group) {
    auto& specs = one.order.jobs;
    jobs_submitted out{one.order.call, std::vector<submit_result>(specs.size())}; // unavailable
    auto mine = answers.subspan(0, std::min(specs.size(), answers.size()));
    answers = answers.subspan(mine.size());
    for (std::size_t i = 0; i < mine.size(); ++i)
      out.results[i] = result_of(specs[i], mine[i]);
    send(one.to, std::move(out));
  }
}

submit_result redis_store::result_of(const job_spec& spec, const redis::reply& answer) {
  auto words = answer.elements();
  if (words.size() == 3)
    return {static_cast<jobs::submitted>(words[0].integer()), id_of(words[1].text()),
            static_cast<job_status>(words[2].integer())};
  auto status = static_cast<job_status>(answer.integer());
  if (observer_)
    observer_->accepted(spec.type);
  tell(spec, status);
  if (status == job_status::scheduled)
    tick_in(std::chrono::milliseconds{std::max<unix_ms>(spec.run_at - spec.id.time(), 0)}); // near enough
  return {jobs::submitted::accepted, spec.id, status};
}

} // namespace tutti::services::redis_jobs

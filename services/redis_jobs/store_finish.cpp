#include "services/redis_jobs/codec.hpp"
#include "services/redis_jobs/store_actor.hpp"

#include <algorithm>
#include <utility>

// Outcomes: as submissions, those that come while others are under way gather. Their calls claim what takes
// the place.
namespace tutti::services::redis_jobs {
namespace {

using namespace runtime::jobs;

constexpr std::size_t most_calls = 2;      ///< at once
constexpr std::size_t most_outcomes = 500; ///< in one call; but a message goes as a whole
constexpr std::int64_t longest_delay = std::int64_t{366} * 24 * 3600 * 1000; ///< ms

} // namespace

void redis_store::finish(finish_attempts& ended) {
  if (ended.outcomes.empty())
    return;
  auto by = sender_worker();
  if (by != 0)
    ++workers_[by].finishing;
  for (auto& outcome : ended.outcomes)
    if (auto held = held_.find({outcome.id, outcome.token});
        held != held_.end() && !std::exchange(held->second.ended, true))
      if (auto w = workers_.find(held->second.worker); w != workers_.end())
        ++w->second.credit; // it claims behind its outcomes
  ending_.push_back({by, std::move(ended.outcomes)});
  finish_waiting();
}

void redis_store::finish_waiting() {
  while (!ending_.empty() && finishing_ < most_calls) {
    auto group = std::make_shared<std::vector<ended_attempts>>();
    std::size_t count = 0;
    do {
      count += ending_.front().outcomes.size();
      group->push_back(std::move(ending_.front()));
      ending_.pop_front();
    } while (!ending_.empty() && count + ending_.front().outcomes.size() <= most_outcomes);
    ++finishing_;
    auto claimers = std::make_shared<std::vector<std::uint32_t>>();
    auto make = [this, group, count, claimers] {
      claims_answered(std::exchange(*claimers, {}), {}); // those of a call that was not answered
      return finish_call(*group, count, *claimers);
    };
    insist(make, [this, group, claimers](redis::batch_result& result) {
      --finishing_;
      auto parts = result.replies.front().elements();
      auto whole = parts.size() == 3;
      auto answers = whole ? parts[0].elements() : replies{};
      for (auto& one : *group) {
        auto mine = answers.subspan(0, std::min(one.outcomes.size(), answers.size()));
        answers = answers.subspan(mine.size());
        finished(one, mine);
      }
      if (whole)
        tell_changes(parts[1].elements());
      claims_answered(*claimers, whole ? parts[2].elements() : replies{});
      finish_waiting();
    });
  }
}

redis::command_batch redis_store::finish_call(const std::vector<ended_attempts>& group, std::size_t count,
                                              std::vector<std::uint32_t>& claimers) {
  auto soon = hungry();
  auto wanted = make_claims();
  claimers = wanted.by;
  redis::command_batch out;
  call(out, all_scripts().finish, 2 + 7 * count + wanted.words.size()).arg(soon ? "1" : "0").arg(count);
  for (auto& one : group)
    for (auto& o : one.outcomes)
      out.arg(id_bytes(o.id))
          .arg(o.token)
          .arg(static_cast<unsigned>(o.what))
          .arg(o.result)
          .arg(o.error.kind)
          .arg(o.error.message)
          .arg(std::clamp<std::int64_t>(o.retry_in_ms, 0, longest_delay));
  wanted.append_to(out);
  return out;
}

void redis_store::finished(const ended_attempts& of, replies answers) {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto& outcome = of.outcomes[i];
    auto held = held_.find({outcome.id, outcome.token});
    auto known = held != held_.end();
    auto code = answers[i].integer();
    if (code >= 0) {
      auto status = static_cast<job_status>(code & 7);
      if (known && observer_) {
        auto& h = held->second;
        observer_->changed({outcome.id, h.type, h.queue, h.node, outcome.error.kind, status, h.attempt, 0,
                            code >> 3, h.trace});
      }
      if (status == job_status::retrying || status == job_status::scheduled)
        tick_in(std::chrono::milliseconds{std::min(outcome.retry_in_ms, longest_delay)});
    }
    if (known)
      held_.erase(held);
  }
  if (auto w = workers_.find(of.by); w != workers_.end() && --w->second.finishing == 0 && w->second.ended)
    give_back(of.by);
}

} // namespace tutti::services::redis_jobs

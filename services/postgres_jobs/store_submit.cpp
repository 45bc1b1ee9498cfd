#include "services/postgres_jobs/statements.hpp"
#include "services/postgres_jobs/store_actor.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::postgres_jobs {
namespace {

using namespace runtime::jobs;

constexpr std::chrono::milliseconds submission_patience{4000};
constexpr std::size_t most_waiting = 20000; ///< jobs; more are told to come again
/// With room for so many more, those of all nodes together cannot reach the bound before the next tick.
constexpr std::int64_t ample_room = 200000;

} // namespace

void postgres_store::submit(submit_jobs& order) {
  auto count = order.jobs.size();
  submission one{caf::actor_cast<caf::actor>(current_sender()), std::move(order),
                 steady::now() + submission_patience, std::vector<std::optional<submit_result>>(count)};
  if (outage_ || (waiting_jobs_ != 0 && waiting_jobs_ + count > most_waiting))
    return refuse(one);
  waiting_jobs_ += count;
  waiting_.submissions.push_back(std::move(one));
  next_turn();
}

/// All its results are `unavailable`.
void postgres_store::refuse(submission& one) {
  send(one.to, jobs_submitted{one.order.call, std::vector<submit_result>(one.order.jobs.size())});
}

/// Plain jobs go in one statement for all, the others one after the other in a second one.
void postgres_store::append_submissions(turn& to) {
  job_columns plain, others;
  using slot = std::pair<std::size_t, std::size_t>; // submission, job
  std::unordered_map<job_id, slot> plain_slots;
  std::vector<slot> other_slots;
  std::unordered_set<std::string> names;
  for (std::size_t s = 0; s < to.items.submissions.size(); ++s) {
    auto& specs = to.items.submissions[s].order.jobs;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      auto& spec = specs[i];
      auto is_plain = spec.key.empty() && spec.unique == unique_policy::none && room_ > ample_room
                      && queues_.count(spec.queue) != 0 && plain_slots.count(spec.id) == 0
                      && (spec.idempotency_key.empty() || names.insert(spec.idempotency_key).second);
      if (is_plain) {
        plain.add(spec);
        plain_slots.emplace(spec.id, slot{s, i});
      } else {
        others.add(spec);
        other_slots.emplace_back(s, i);
      }
    }
  }
  auto* of = &to; // the handlers end with it
  if (plain.size() != 0) {
    plain.append_to(to.work.add(sql::submit).calls.back(), options_.ageing_ms, false);
    to.then.push_back([this, of, slots = std::move(plain_slots)](const postgres::result& rows) {
      for (std::size_t i = 0; i < rows.size(); ++i)
        if (auto known = slots.find(read_id(rows[i].get<std::string_view>(0))); known != slots.end())
          take_row(*of, known->second, rows[i]);
    });
  }
  if (others.size() != 0) {
    auto& call = to.work.add(sql::submit_each).calls.back();
    others.append_to(call, options_.ageing_ms, true);
    call.parameters.emplace_back(options_.max_jobs);
    call.parameters.emplace_back(options_.max_queues);
    call.parameters.emplace_back(options_.key_retention_ms);
    to.then.push_back([this, of, slots = std::move(other_slots)](const postgres::result& rows) {
      for (std::size_t i = 0; i < rows.size(); ++i)
        take_row(*of, slots.at(rows[i].get<std::size_t>(0) - 1), rows[i]);
    });
  }
}

/// A row of job_submit or job_submit_each.
void postgres_store::take_row(turn& of, std::pair<std::size_t, std::size_t> slot, const postgres::row& row) {
  auto& s = of.items.submissions[slot.first];
  auto& spec = s.order.jobs[slot.second];
  auto outcome = row.get<int>(1);
  auto status = static_cast<job_status>(row.get<std::optional<int>>(3).value_or(1));
  if (outcome < 0) {
    job_event replaced;
    replaced.id = read_id(row.get<std::string_view>(2));
    replaced.type = spec.type;
    replaced.queue = row.get<std::string>(5);
    replaced.node = row.get<std::string>(6);
    replaced.attempt = row.get<std::uint32_t>(7);
    replaced.error_kind = "replaced";
    replaced.status = status;
    return tell(replaced);
  }
  auto& answer = s.answers[slot.second];
  if (answer)
    return; // the row of a job that was made came before
  answer = submit_result{static_cast<submitted>(outcome),
                         row.is_null(2) ? job_id{} : read_id(row.get<std::string_view>(2)), status};
  if (answer->outcome != submitted::accepted)
    return;
  queues_.insert(spec.queue);
  if (!row.get<bool>(4))
    return;
  if (observer_)
    observer_->accepted(spec.type);
  tell(spec, status);
  if (status == job_status::scheduled)
    tick_in(milliseconds{std::max<unix_ms>(spec.run_at - server_now(), 1)});
}

void postgres_store::answer_submissions(gathered& items) {
  for (auto& s : items.submissions) {
    jobs_submitted answer{s.order.call, {}};
    answer.results.reserve(s.answers.size());
    for (auto& one : s.answers)
      answer.results.push_back(one.value_or(submit_result{}));
    send(s.to, std::move(answer));
  }
}

void postgres_store::tell(const job_spec& spec, job_status status) {
  if (observer_)
    observer_->changed({spec.id, spec.type, spec.queue, {}, {}, status, 0, 0, std::nullopt, spec.trace});
}

void postgres_store::tell(const job_event& e, unix_ms waited_ms) {
  if (observer_)
    observer_->changed({e.id, e.type, e.queue, e.node, e.error_kind, e.status, e.attempt,
                        std::max<unix_ms>(waited_ms, 0), e.ran_ms, e.trace});
}

void postgres_store::tell_all(const postgres::result& events, int first_column) {
  for (std::size_t i = 0; i < events.size(); ++i)
    tell(read_event(events[i], first_column));
}

} // namespace tutti::services::postgres_jobs

#include "runtime/actor/promises.hpp"
#include "runtime/jobs/refusals.hpp"
#include "services/redis_jobs/codec.hpp"
#include "services/redis_jobs/store_actor.hpp"

#include <utility>

// What operators do to jobs and queues.
namespace tutti::services::redis_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;
using actor::deliver;
using actor::fails;

} // namespace

caf::result<cancel_result> redis_store::cancel(job_id id) {
  auto promise = make_response_promise<cancel_result>();
  redis::command_batch batch;
  call(batch, all_scripts().cancel, 1).arg(id_bytes(id));
  ask_all(
      std::move(batch),
      [this, promise, id](redis::batch_result& result) mutable {
        auto parts = result.replies.front().elements();
        if (parts.size() != 4)
          return deliver(promise, no_job(id));
        tell_changes(parts[1].elements());
        claim_now(); // a key may be free now
        auto outcome = static_cast<cancelled>(parts[0].integer());
        fetch(
            {id_bytes(id)}, true,
            [promise, id, outcome](job_list& found) mutable {
              if (found.empty()) // its retention ended in between
                return deliver(promise, no_job(id));
              promise.deliver(cancel_result{outcome, std::move(found.front())});
            },
            fails(promise));
      },
      fails(promise));
  return promise;
}

caf::result<job_view> redis_store::retry(job_id id, bool dead_only) {
  auto promise = make_response_promise<job_view>();
  redis::command_batch batch;
  call(batch, all_scripts().restart, 2).arg(dead_only ? "1" : "0").arg(id_bytes(id));
  ask_all(
      std::move(batch),
      [this, promise, id, dead_only](redis::batch_result& result) mutable {
        auto halves = result.replies.front().elements();
        auto answers = halves.empty() ? replies{} : halves[0].elements();
        if (halves.size() != 2 || answers.size() != 1)
          return deliver(promise, make_error(ec::failed, "the store answered something else"));
        tell_changes(halves[1].elements());
        if (auto refused = retry_refusal(static_cast<change>(answers[0].integer()), id, dead_only))
          return deliver(promise, std::move(refused));
        fetch(
            {id_bytes(id)}, true,
            [this, promise, id](job_list& found) mutable {
              claim_now();
              if (found.empty())
                return deliver(promise, no_job(id));
              promise.deliver(std::move(found.front()));
            },
            fails(promise));
      },
      fails(promise));
  return promise;
}

caf::result<bool> redis_store::discard(job_id id) {
  auto promise = make_response_promise<bool>();
  redis::command_batch batch;
  call(batch, all_scripts().discard, 2).arg(id_bytes(id)).arg(options_.key_retention_ms);
  ask_all(
      std::move(batch),
      [promise, id](redis::batch_result& result) mutable {
        auto what = static_cast<change>(result.replies.front().integer());
        if (auto refused = discard_refusal(what, id))
          return deliver(promise, std::move(refused));
        promise.deliver(true);
      },
      fails(promise));
  return promise;
}

struct redis_store::bulk_retry {
  list_jobs query;
  std::uint32_t left = 0, done = 0;
  caf::typed_response_promise<std::uint32_t> promise;
};

caf::result<std::uint32_t> redis_store::retry_dead(const jobs::retry_dead& order) {
  auto of = std::make_shared<bulk_retry>();
  of->query.filter = order.filter;
  of->query.filter.status = job_status::dead;
  of->left = order.max;
  of->promise = make_response_promise<std::uint32_t>();
  auto promise = of->promise;
  retry_more(of);
  return promise;
}

/// A page of dead letters after the other, each restarted as a whole.
void redis_store::retry_more(const std::shared_ptr<bulk_retry>& of) {
  auto ended = [of] { of->promise.deliver(of->done); };
  if (of->left == 0)
    return ended();
  of->query.limit = std::min<std::uint32_t>(of->left, 100);
  auto fail = [of](const caf::error& reason) { of->promise.deliver(reason); };
  auto with_page = [this, of, ended, fail](const job_page& page) {
    of->query.after = page.last;
    if (page.jobs.empty())
      return page.more ? retry_more(of) : ended();
    of->left -= static_cast<std::uint32_t>(page.jobs.size());
    redis::command_batch batch;
    call(batch, all_scripts().restart, 1 + page.jobs.size()).arg("1");
    for (auto& job : page.jobs)
      batch.arg(id_bytes(job.id));
    ask_all(
        std::move(batch),
        [this, of, ended, more = page.more](redis::batch_result& result) {
          auto halves = result.replies.front().elements();
          if (halves.size() == 2) {
            for (auto& answer : halves[0].elements())
              of->done += answer.integer() == 0;
            tell_changes(halves[1].elements());
          }
          claim_now();
          if (more)
            retry_more(of);
          else
            ended();
        },
        fail);
  };
  request(caf::actor_cast<caf::actor>(this), answer_deadline * 4, of->query).then(with_page, fail);
}

caf::result<queue_view> redis_store::pause(const pause_queue& order) {
  auto promise = make_response_promise<queue_view>();
  redis::command_batch batch;
  call(batch, all_scripts().setup, 3).arg(options_.max_queues).arg(order.pause ? "1" : "0").arg(order.name);
  call(batch, all_scripts().queues, 1).arg(order.name);
  ask_all(
      std::move(batch),
      [this, promise](redis::batch_result& result) mutable {
        if (result.replies[0].integer() == 0)
          return deliver(promise, too_many_queues());
        claim_now();
        auto parts = result.replies[1].elements();
        auto rows = parts.size() == 2 ? parts[1].elements() : replies{};
        if (rows.size() != 1)
          return deliver(promise, make_error(ec::failed, "the store answered something else"));
        promise.deliver(queue_of(rows[0], parts[0].integer()));
      },
      fails(promise));
  return promise;
}

struct redis_store::purging {
  std::string name, cursor;
  std::int64_t until = 0, phase = 0;
  std::uint64_t done = 0, before_this_pass = 0;
  caf::typed_response_promise<std::uint64_t> promise;
};

caf::result<std::uint64_t> redis_store::purge(const purge_queue& order) {
  auto of = std::make_shared<purging>();
  of->name = order.name;
  of->promise = make_response_promise<std::uint64_t>();
  auto promise = of->promise;
  purge_more(of);
  return promise;
}

void redis_store::purge_more(const std::shared_ptr<purging>& of) {
  redis::command_batch batch;
  call(batch, all_scripts().purge, 4).arg(of->name).arg(of->until).arg(of->phase).arg(of->cursor);
  ask_all(
      std::move(batch),
      [this, of](redis::batch_result& result) {
        auto parts = result.replies.front().elements();
        if (parts.size() != 5)
          return deliver(of->promise, make_error(ec::failed, "the store answered something else"));
        of->until = parts[0].integer();
        of->phase = parts[1].integer();
        of->cursor = parts[2].text();
        of->done += static_cast<std::uint64_t>(parts[3].integer());
        tell_changes(parts[4].elements());
        if (of->phase >= 0)
          return purge_more(of);
        if (of->done == of->before_this_pass)
          return deliver(of->promise, of->done);
        // A cancelled job may have let one of its key into a stream that had been passed.
        of->before_this_pass = of->done;
        of->phase = 0;
        of->cursor.clear();
        purge_more(of);
      },
      [of](const caf::error& reason) { of->promise.deliver(reason); });
}

} // namespace tutti::services::redis_jobs

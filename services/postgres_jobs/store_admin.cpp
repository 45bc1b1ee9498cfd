#include "runtime/actor/promises.hpp"
#include "runtime/jobs/refusals.hpp"
#include "services/postgres_jobs/statements.hpp"
#include "services/postgres_jobs/store_actor.hpp"

#include <utility>

// What operators do to jobs and queues.
namespace tutti::services::postgres_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;
using actor::deliver;
using actor::fails;

} // namespace

caf::result<cancel_result> postgres_store::cancel(job_id id) {
  auto promise = make_response_promise<cancel_result>();
  auto make = [this, id] {
    postgres::unit work;
    work.add(sql::cancel, uuid_text(id), options_.key_retention_ms);
    add_view(work, id);
    return work;
  };
  auto done = [this, promise, id](results& got) mutable {
    auto view = view_of(got[1], got[2]);
    if (got[0].empty() || !view)
      return deliver(promise, no_job(id));
    auto outcome = static_cast<cancelled>(got[0][0].get<int>(0));
    auto event = read_event(got[0][0], 1);
    if (outcome == cancelled::done)
      tell(event);
    else if (outcome == cancelled::requested)
      revoke(event, true);
    deliver(promise, cancel_result{outcome, std::move(*view)});
    claim_now(); // a key may be free now
  };
  in_turn(make, done, fails(promise));
  return promise;
}

caf::result<job_view> postgres_store::retry(job_id id, bool dead_only) {
  auto promise = make_response_promise<job_view>();
  auto make = [this, id, dead_only] {
    postgres::unit work;
    work.add(sql::restart, std::vector<std::string>{uuid_text(id)}, dead_only, options_.ageing_ms);
    add_view(work, id);
    return work;
  };
  auto done = [this, promise, id, dead_only](results& got) mutable {
    auto refused = retry_refusal(static_cast<change>(got[0][0].get<int>(0)), id, dead_only);
    auto view = view_of(got[1], got[2]);
    if (refused || !view)
      return deliver(promise, refused ? std::move(refused) : no_job(id));
    tell_all(got[0], 1);
    deliver(promise, std::move(*view));
    claim_now();
  };
  in_turn(make, done, fails(promise));
  return promise;
}

caf::result<bool> postgres_store::discard(job_id id) {
  auto promise = make_response_promise<bool>();
  auto make = [this, id] {
    return postgres::unit{}.add(sql::discard, uuid_text(id), options_.key_retention_ms);
  };
  auto done = [promise, id](results& got) mutable {
    if (auto refused = discard_refusal(static_cast<change>(got[0][0].get<int>(0)), id))
      return deliver(promise, std::move(refused));
    deliver(promise, true);
  };
  in_turn(make, done, fails(promise));
  return promise;
}

struct postgres_store::bulk_retry {
  list_jobs query;
  std::uint32_t left = 0, done = 0;
  caf::typed_response_promise<std::uint32_t> promise;
};

caf::result<std::uint32_t> postgres_store::retry_dead(const jobs::retry_dead& order) {
  auto of = std::make_shared<bulk_retry>();
  of->query.filter = order.filter;
  of->query.filter.status = job_status::dead;
  of->left = order.max;
  of->promise = make_response_promise<std::uint32_t>();
  auto promise = of->promise;
  retry_more(std::move(of));
  return promise;
}

/// A page of dead letters after the other, each restarted as a whole.
void postgres_store::retry_more(std::shared_ptr<bulk_retry> of) {
  if (of->left == 0)
    return deliver(of->promise, of->done);
  of->query.limit = std::min<std::uint32_t>(of->left, 500);
  auto fail = fails(of->promise);
  auto with_page = [this, of, fail](const job_page& page) {
    of->query.after = page.last;
    if (page.jobs.empty())
      return page.more ? retry_more(of) : deliver(of->promise, of->done);
    of->left -= static_cast<std::uint32_t>(page.jobs.size());
    std::vector<std::string> ids;
    for (auto& job : page.jobs)
      ids.push_back(uuid_text(job.id));
    in_turn([this, ids] { return postgres::unit{}.add(sql::restart, ids, true, options_.ageing_ms); },
            [this, of, more = page.more](results& got) {
              for (std::size_t i = 0; i < got[0].size(); ++i)
                if (got[0][i].get<int>(0) == 0) {
                  tell(read_event(got[0][i], 1));
                  ++of->done;
                }
              claim_now();
              if (more)
                retry_more(of);
              else
                deliver(of->promise, of->done);
            },
            fail);
  };
  request(caf::actor_cast<caf::actor>(this), std::chrono::seconds{60}, of->query).then(with_page, fail);
}

caf::result<queue_view> postgres_store::pause(const pause_queue& order) {
  auto promise = make_response_promise<queue_view>();
  auto name = clean(order.name);
  auto make = [this, name, pause = order.pause] {
    return postgres::unit{}
        .add(sql::pause, name, pause, options_.max_queues)
        .add(sql::queues, name)
        .add(sql::depths, name);
  };
  auto done = [this, promise, name](results& got) mutable {
    auto views = queue_views(got[1], got[2]);
    if (name.empty() || got[0].affected() == 0 || views.empty())
      return deliver(promise, too_many_queues());
    queues_.insert(name);
    deliver(promise, std::move(views.front()));
    claim_now();
  };
  in_turn(make, done, fails(promise));
  return promise;
}

struct postgres_store::purging {
  std::string name;
  unix_ms until = 0;
  std::uint64_t done = 0;
  caf::typed_response_promise<std::uint64_t> promise;
};

caf::result<std::uint64_t> postgres_store::purge(const purge_queue& order) {
  auto of = std::make_shared<purging>();
  of->name = clean(order.name);
  of->promise = make_response_promise<std::uint64_t>();
  auto promise = of->promise;
  behind_all([this, of] { // what was submitted before goes with it
    in_turn([] { return postgres::unit{}.add(sql::now); },
            [this, of](results& got) {
              of->until = got[0][0].get<unix_ms>(0);
              purge_more(of);
            },
            fails(of->promise));
  });
  return promise;
}

void postgres_store::purge_more(std::shared_ptr<purging> of) {
  in_turn(
      [this, of] { return postgres::unit{}.add(sql::purge, of->name, of->until, options_.key_retention_ms); },
      [this, of](results& got) {
        tell_all(got[0]);
        of->done += got[0].size();
        if (got[0].empty())
          deliver(of->promise, of->done);
        else
          purge_more(of);
      },
      fails(of->promise));
}

} // namespace tutti::services::postgres_jobs

#include "runtime/actor/promises.hpp"
#include "runtime/error.hpp"
#include "runtime/jobs/refusals.hpp"
#include "services/postgres_jobs/statements.hpp"
#include "services/postgres_jobs/store_actor.hpp"

#include <algorithm>
#include <map>
#include <utility>

// Views, lists and filters. A list is read step by step, so that no step keeps the server for long.
namespace tutti::services::postgres_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;

constexpr std::int64_t scan_per_step = 2000;
constexpr std::int64_t scan_per_page = 20000; ///< jobs looked at for one page of a rare filter

const std::string& view_sql() {
  static const std::string sql = "SELECT " + std::string{view_columns} + " FROM job WHERE id = $1";
  return sql;
}

/// Looks at $2 jobs after $1 of those that `among` says. Each row begins with where it stopped and how many
/// that were.
std::string page_sql(const std::string& among) {
  return "WITH seen AS MATERIALIZED (SELECT id FROM job WHERE id > $1::uuid" + among
         + " ORDER BY id LIMIT $2), last AS MATERIALIZED (SELECT id FROM seen ORDER BY id DESC LIMIT 1), "
           "found AS ("
           "SELECT "
         + std::string{view_columns} + " FROM job WHERE id > $1::uuid AND id <= (SELECT id FROM last)" + among
         + " AND ($3 < 0 OR status = $3::smallint)"
           " AND ($4 = '' OR type = $4) AND ($5 = '' OR queue = $5) AND ($6 = '' OR idempotency_key = $6)"
           " AND ($7 = '' OR position($7 IN coalesce(error_kind, '')) > 0"
           " OR position($7 IN coalesce(error_message, '')) > 0) ORDER BY id LIMIT $8)"
           " SELECT (SELECT id FROM last), (SELECT count(*) FROM seen), found.*"
           " FROM (SELECT 1) AS one LEFT JOIN found ON true ORDER BY found.id";
}

const postgres::statement& page_statement(const std::optional<job_status>& status) {
  static const std::string all = page_sql(""), dead = page_sql(" AND status = 5"),
                           running = page_sql(" AND status = 2");
  static const postgres::statement of_all{"jobs_page", all}, of_dead{"jobs_page_dead", dead},
      of_running{"jobs_page_running", running};
  return status == job_status::dead ? of_dead : status == job_status::running ? of_running : of_all;
}

const postgres::statement& page_by_name() {
  static const std::string sql = page_sql(" AND id = (SELECT job_id FROM idempotency_record WHERE key = $6)");
  static const postgres::statement of_name{"jobs_page_named", sql};
  return of_name;
}

} // namespace

void postgres_store::add_view(postgres::unit& to, job_id id) {
  to.add({"jobs_view", view_sql()}, uuid_text(id)).add(sql::history, uuid_text(id));
}

std::optional<job_view> postgres_store::view_of(const postgres::result& job,
                                                const postgres::result& history) {
  if (job.empty())
    return std::nullopt;
  auto view = read_view(job[0]);
  add_history(view, history);
  return view;
}

caf::result<job_view> postgres_store::get(job_id id) {
  auto promise = make_response_promise<job_view>();
  postgres::unit work;
  add_view(work, id);
  read(
      std::move(work),
      [promise, id](results& got) mutable {
        if (auto view = view_of(got[0], got[1]))
          promise.deliver(std::move(*view));
        else
          promise.deliver(no_job(id));
      },
      actor::fails(promise));
  return promise;
}

struct postgres_store::listing {
  list_jobs query;
  caf::typed_response_promise<job_page> promise;
  job_page page;
  job_id after;
  std::int64_t looked_at = 0;
};

caf::result<job_page> postgres_store::list(const list_jobs& query) {
  auto of = std::make_shared<listing>();
  of->query = query;
  of->promise = make_response_promise<job_page>();
  of->after = query.after;
  list_on(of);
  return of->promise;
}

void postgres_store::list_on(std::shared_ptr<listing> of) {
  auto& filter = of->query.filter;
  auto left = of->query.limit + 1 - of->page.jobs.size();
  auto& what = filter.idempotency_key.empty() ? page_statement(filter.status) : page_by_name();
  postgres::unit work;
  work.add(what, uuid_text(of->after), scan_per_step, filter.status ? static_cast<int>(*filter.status) : -1,
           clean(filter.type), clean(filter.queue), clean(filter.idempotency_key), clean(filter.error), left);
  read(
      std::move(work),
      [this, of](results& got) {
        auto& rows = got[0];
        auto& page = of->page;
        auto looked = rows[0].get<std::int64_t>(1);
        if (looked > 0)
          of->after = read_id(rows[0].get<std::string_view>(0));
        for (std::size_t i = 0; i < rows.size(); ++i)
          if (!rows[i].is_null(2))
            page.jobs.push_back(read_view(rows[i], 2));
        of->looked_at += looked;
        if (page.jobs.size() > of->query.limit) {
          page.jobs.resize(of->query.limit);
          page.more = true;
          page.last = page.jobs.empty() ? of->query.after : page.jobs.back().id;
        } else if (looked == scan_per_step) {
          if (of->looked_at < scan_per_page)
            return list_on(of);
          page.more = true;
          page.last = of->after;
        }
        of->promise.deliver(std::move(page));
      },
      actor::fails(of->promise));
}

std::vector<queue_view> postgres_store::queue_views(const postgres::result& queues,
                                                    const postgres::result& depths) const {
  constexpr unix_ms period_ms = 10000, periods = 7;
  std::map<std::string, queue_view> by_name;
  unix_ms now = 0;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    auto& q = by_name[queues[i].get<std::string>(0)];
    q.name = queues[i].get<std::string>(0);
    q.paused = queues[i].get<bool>(1);
    now = queues[i].get<unix_ms>(2);
    q.oldest_ready = queues[i].get<unix_ms>(3);
    if (auto known = options_.queues.find(q.name); known != options_.queues.end()) {
      q.concurrency = known->second.concurrency;
      q.rate = known->second.rate;
    }
  }
  auto seconds = static_cast<double>((periods - 1) * period_ms + now % period_ms) / 1000.0;
  for (std::size_t i = 0; i < depths.size(); ++i) {
    auto row = depths[i];
    auto q = by_name.find(row.get<std::string>(0));
    auto level = row.get<std::size_t>(1), status = row.get<std::size_t>(2);
    auto count = row.get<std::int64_t>(4);
    if (q == by_name.end() || level >= priority_count)
      continue;
    if (status < job_status_count)
      q->second.depth[level][status] += static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
    else if (row.get<unix_ms>(3) > now / period_ms - periods)
      (status == job_status_count ? q->second.submitted_per_s : q->second.finished_per_s) +=
          static_cast<double>(count) / seconds;
  }
  std::vector<queue_view> out;
  for (auto& [name, q] : by_name)
    out.push_back(std::move(q));
  return out;
}

caf::result<std::vector<queue_view>> postgres_store::queues() {
  auto promise = make_response_promise<std::vector<queue_view>>();
  read(
      postgres::unit{}.add(sql::queues, "").add(sql::depths, ""),
      [this, promise](results& got) mutable { promise.deliver(queue_views(got[0], got[1])); },
      actor::fails(promise));
  return promise;
}

} // namespace tutti::services::postgres_jobs

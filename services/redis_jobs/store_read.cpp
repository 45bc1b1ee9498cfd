#include "runtime/actor/promises.hpp"
#include "runtime/jobs/refusals.hpp"
#include "services/redis_jobs/codec.hpp"
#include "services/redis_jobs/store_actor.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

// Views, lists and filters. A list is read step by step, so that no step keeps the server for long.
namespace tutti::services::redis_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;

constexpr std::size_t ids_at_once = 200;
constexpr std::size_t scan_per_page = 20000; ///< jobs looked at for one page of a rare filter
constexpr std::size_t buckets_at_once = 16;

bool matches(const job_view& job, const job_filter& filter) {
  auto part_of = [&](const std::string& text) { return text.find(filter.error) != text.npos; };
  return (!filter.status || job.status == *filter.status) && (filter.type.empty() || job.type == filter.type)
         && (filter.queue.empty() || job.queue == filter.queue)
         && (filter.idempotency_key.empty() || job.idempotency_key == filter.idempotency_key)
         && (filter.error.empty() || part_of(job.error.kind) || part_of(job.error.message));
}

} // namespace

struct redis_store::listing {
  list_jobs query;
  caf::typed_response_promise<job_page> promise;
  job_page page;
  std::string after; ///< bytes of the last id looked at; empty: none
  std::size_t looked_at = 0;
  std::deque<std::string> buckets; ///< read but not yet looked into
  std::string last_bucket;         ///< read
  bool no_more_buckets = false;
  std::deque<std::string> ids; ///< of the bucket in hand

  void fail(const caf::error& reason) { promise.deliver(reason); }
  void end(bool more) {
    page.more = more;
    if (page.jobs.size() > query.limit) {
      page.jobs.resize(query.limit);
      page.more = true;
    } else if (more) {
      page.last = id_of(after);
    }
    if (page.more && page.jobs.size() == query.limit && !page.jobs.empty())
      page.last = page.jobs.back().id;
    promise.deliver(std::move(page));
  }
  /// Whether the page is full or enough was looked at.
  bool enough() const { return page.jobs.size() > query.limit || looked_at >= scan_per_page; }
};

void redis_store::fetch(const std::vector<std::string>& ids, bool with_history,
                        std::function<void(job_list&)> then, const failure_handler& fail) {
  redis::command_batch batch;
  for (auto& id : ids) {
    auto bucket = std::string{bucket_of(id)};
    batch.add("HGET", prefix_ + "j:" + bucket, id).add("HGET", prefix_ + "t:" + bucket, id);
  }
  ask_all(
      std::move(batch),
      [ids, with_history, then = std::move(then), fail](redis::batch_result& result) {
        job_list out;
        for (std::size_t i = 0; i < ids.size(); ++i) {
          auto& fixed = result.replies[2 * i];
          if (fixed.type() != redis::reply::kind::string)
            continue;
          auto id = id_of(ids[i]);
          auto job = read_job(id, fixed.text(), result.replies[2 * i + 1].text(), with_history);
          if (!job)
            return fail(make_error(ec::failed, "job " + to_string(id) + " cannot be read"));
          out.push_back(std::move(*job));
        }
        then(out);
      },
      fail);
}

caf::result<job_view> redis_store::get(job_id id) {
  auto promise = make_response_promise<job_view>();
  fetch(
      {id_bytes(id)}, true,
      [promise, id](job_list& found) mutable {
        if (found.empty())
          promise.deliver(no_job(id));
        else
          promise.deliver(std::move(found.front()));
      },
      actor::fails(promise));
  return promise;
}

caf::result<job_page> redis_store::list(const list_jobs& query) {
  auto of = std::make_shared<listing>();
  of->query = query;
  of->promise = make_response_promise<job_page>();
  if (query.after)
    of->after = id_bytes(query.after);
  if (query.filter.idempotency_key.empty())
    list_on(of);
  else
    list_by_key(of);
  return of->promise;
}

void redis_store::list_by_key(const std::shared_ptr<listing>& of) {
  auto digest = key_digest(of->query.filter.idempotency_key);
  redis::command_batch batch;
  batch.add("HGET", (prefix_ + "i:").append(key_bucket(digest)), digest);
  auto fail = [of](const caf::error& reason) { of->fail(reason); };
  ask_all(
      std::move(batch),
      [this, of, fail](redis::batch_result& result) {
        auto id = std::string{result.replies.front().text().substr(0, 16)};
        if (id.size() != 16 || id <= of->after)
          return of->end(false);
        fetch(
            {id}, false,
            [of](job_list& found) {
              for (auto& job : found)
                if (matches(job, of->query.filter))
                  of->page.jobs.push_back(std::move(job));
              of->end(false);
            },
            fail);
      },
      fail);
}

void redis_store::list_on(const std::shared_ptr<listing>& of) {
  if (of->enough())
    return of->end(true);
  auto& status = of->query.filter.status;
  if (status == job_status::dead)
    return list_ids(of, "dead");
  if (status == job_status::running)
    return list_ids(of, "run");
  if (!of->ids.empty())
    return list_bucket(of);
  list_buckets(of);
}

/// Dead and running jobs have indexes of their own.
void redis_store::list_ids(std::shared_ptr<listing> of, std::string_view index) {
  redis::command_batch batch;
  batch.add("ZRANGEBYLEX", prefix_ + std::string{index}, of->after.empty() ? "-" : "(" + of->after, "+",
            "LIMIT", "0", ids_at_once);
  auto fail = [of](const caf::error& reason) { of->fail(reason); };
  ask_all(
      std::move(batch),
      [this, of, fail](redis::batch_result& result) {
        std::vector<std::string> ids;
        for (auto& id : result.replies.front().elements())
          ids.emplace_back(id.text());
        if (ids.empty())
          return of->end(false);
        of->after = ids.back();
        of->looked_at += ids.size();
        fetch(
            ids, false,
            [this, of, last = ids.size() < ids_at_once](job_list& found) {
              for (auto& job : found)
                if (matches(job, of->query.filter))
                  of->page.jobs.push_back(std::move(job));
              if (last)
                of->end(false);
              else
                list_on(of);
            },
            fail);
      },
      fail);
}

void redis_store::list_buckets(const std::shared_ptr<listing>& of) {
  auto fail = [of](const caf::error& reason) { of->fail(reason); };
  redis::command_batch batch;
  if (!of->buckets.empty()) {
    batch.add("HKEYS", prefix_ + "j:" + of->buckets.front());
    ask_all(
        std::move(batch),
        [this, of](redis::batch_result& result) {
          of->buckets.pop_front();
          std::vector<std::string> ids;
          for (auto& id : result.replies.front().elements())
            if (id.text() > of->after)
              ids.emplace_back(id.text());
          std::sort(ids.begin(), ids.end());
          of->ids.assign(ids.begin(), ids.end());
          list_on(of);
        },
        fail);
    return;
  }
  if (of->no_more_buckets)
    return of->end(false);
  auto from = !of->last_bucket.empty() ? "(" + of->last_bucket
              : of->after.empty()      ? std::string{"-"}
                                       : "[" + std::string{bucket_of(of->after)};
  batch.add("ZRANGEBYLEX", prefix_ + "b", from, "+", "LIMIT", "0", buckets_at_once);
  ask_all(
      std::move(batch),
      [this, of](redis::batch_result& result) {
        for (auto& bucket : result.replies.front().elements())
          of->buckets.emplace_back(bucket.text());
        of->no_more_buckets = of->buckets.size() < buckets_at_once;
        if (of->buckets.empty())
          return of->end(false);
        of->last_bucket = of->buckets.back();
        list_on(of);
      },
      fail);
}

void redis_store::list_bucket(const std::shared_ptr<listing>& of) {
  std::vector<std::string> ids;
  for (; !of->ids.empty() && ids.size() < ids_at_once; of->ids.pop_front())
    ids.push_back(std::move(of->ids.front()));
  of->after = ids.back();
  of->looked_at += ids.size();
  fetch(
      ids, false,
      [this, of](job_list& found) {
        for (auto& job : found)
          if (matches(job, of->query.filter))
            of->page.jobs.push_back(std::move(job));
        list_on(of);
      },
      [of](const caf::error& reason) { of->fail(reason); });
}

/// {name, paused, oldest, counters}; the counters are of common.lua.
queue_view redis_store::queue_of(const redis::reply& row, unix_ms now) const {
  constexpr unix_ms period_ms = 10000, periods = 7;
  queue_view out;
  auto parts = row.elements();
  if (parts.size() != 4)
    return out;
  out.name = parts[0].text();
  out.paused = parts[1].text() == "1";
  out.oldest_ready = parts[2].integer();
  if (auto known = options_.queues.find(out.name); known != options_.queues.end()) {
    out.concurrency = known->second.concurrency;
    out.rate = known->second.rate;
  }
  std::uint64_t submitted = 0, finished = 0;
  auto counted = parts[3].elements();
  for (std::size_t i = 0; i + 1 < counted.size(); i += 2) {
    auto field = counted[i].text();
    auto value = whole_number(counted[i + 1].text());
    if (field.size() == 2 && field[0] >= '0' && field[0] < '3' && field[1] >= '0' && field[1] < '7') {
      out.depth[field[0] - '0'][field[1] - '0'] = value;
    } else if (field.starts_with('s') || field.starts_with('f')) {
      if (auto period = static_cast<unix_ms>(whole_number(field.substr(1)));
          period > now / period_ms - periods)
        (field[0] == 's' ? submitted : finished) += value;
    }
  }
  auto seconds = static_cast<double>((periods - 1) * period_ms + now % period_ms) / 1000.0;
  out.submitted_per_s = static_cast<double>(submitted) / seconds;
  out.finished_per_s = static_cast<double>(finished) / seconds;
  return out;
}

caf::result<std::vector<queue_view>> redis_store::queues() {
  auto promise = make_response_promise<std::vector<queue_view>>();
  redis::command_batch batch;
  call(batch, all_scripts().queues, 0);
  ask_all(
      std::move(batch),
      [this, promise](redis::batch_result& result) mutable {
        std::vector<queue_view> out;
        auto parts = result.replies.front().elements();
        if (parts.size() == 2)
          for (auto& row : parts[1].elements())
            out.push_back(queue_of(row, parts[0].integer()));
        std::sort(out.begin(), out.end(), [](auto& x, auto& y) { return x.name < y.name; });
        promise.deliver(std::move(out));
      },
      actor::fails(promise));
  return promise;
}

} // namespace tutti::services::redis_jobs

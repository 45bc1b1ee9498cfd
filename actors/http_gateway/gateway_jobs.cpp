#include "actors/http_gateway/batch_submitter.hpp"
#include "actors/http_gateway/gateway_actor.hpp"
#include "actors/http_gateway/jobs/job_json.hpp"
#include "actors/http_gateway/jobs/submission.hpp"
#include "actors/http_gateway/name_page.hpp"
#include "protocols/http_api/bodies/dead_letter_body.hpp"
#include "protocols/http_api/json_writer.hpp"

#include <chrono>
#include <utility>
#include <variant>

// The routes of jobs and dead letters.
namespace tutti::actors::http_gateway {
namespace {

namespace http_api = protocols::http_api;
using namespace runtime::jobs;

/// The job that the path names; an answered 404 when it cannot be one.
std::optional<job_id> path_job(request& r, const http_api::target& where) {
  auto id = where.segments.size() > 1 ? parse_job_id(where.segments[1]) : std::nullopt;
  if (!id)
    r.reply(problem_answer(404, "no job has this id", r.target));
  return id;
}

} // namespace

unix_ms wall_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void gateway_actor::submit(http_request& r) {
  auto made =
      read_submission(*parts_.types, r.body, r.find("idempotency-key"), r.find("traceparent"), wall_now());
  if (auto* bad = std::get_if<http_api::problem>(&made)) {
    r.reply(answer(std::move(*bad), r.target));
    return;
  }
  outgoing_.jobs.push_back(std::get<job_spec>(std::move(made)));
  outgoing_callers_.push_back({std::move(r.reply), std::move(r.target)});
}

/// All submissions of one batch of requests go to the store in one message.
void gateway_actor::flush_submissions() {
  if (outgoing_.jobs.empty())
    return;
  outgoing_.call = ++last_call_;
  calls_.emplace(last_call_, call{std::chrono::steady_clock::now() + store_deadline,
                                  std::exchange(outgoing_callers_, {})});
  send(parts_.store, std::exchange(outgoing_, {}));
}

void gateway_actor::submitted(jobs_submitted& done) {
  auto i = calls_.find(done.call);
  if (i == calls_.end())
    return; // too late: they were answered 503
  auto callers = std::move(i->second.callers);
  calls_.erase(i);
  for (std::size_t n = 0; n < callers.size() && n < done.results.size(); ++n)
    callers[n].reply(submission_answer(done.results[n], callers[n].target));
}

void gateway_actor::submit_batch(http_request& r) {
  // It may hold some hundred thousand lines: an actor of its own, so that other requests go on.
  spawn_batch_submitter(*this, std::move(r), parts_.store, parts_.types);
}

void gateway_actor::list_jobs(http_request& r, const target& where, bool dead_only) {
  runtime::jobs::list_jobs query;
  auto unknown =
      dead_only ? where.unknown_parameter({"type", "queue", "error", "limit", "cursor"})
                : where.unknown_parameter({"status", "type", "queue", "idempotencyKey", "limit", "cursor"});
  if (unknown)
    return r.reply(answer(std::move(*unknown), r.target));
  auto limit = where.limit();
  if (auto* bad = std::get_if<http_api::problem>(&limit))
    return r.reply(answer(std::move(*bad), r.target));
  query.limit = static_cast<std::uint32_t>(std::get<std::size_t>(limit));
  auto text = [&](std::string_view name) { return std::string{where.find(name).value_or("")}; };
  query.filter.type = text("type");
  query.filter.queue = text("queue");
  query.filter.error = text("error");
  query.filter.idempotency_key = text("idempotencyKey");
  if (dead_only)
    query.filter.status = job_status::dead;
  else if (auto status = where.find("status")) {
    query.filter.status = parse_job_status(*status);
    if (!query.filter.status)
      return r.reply(
          answer(http_api::unprocessable("status must be one of scheduled, queued, running, retrying, "
                                         "succeeded, dead, cancelled"),
                 r.target));
  }
  if (auto cursor = where.find("cursor")) {
    auto after = parse_job_id(*cursor);
    if (!after)
      return r.reply(answer(http_api::unprocessable("cursor must be a nextCursor of this list"), r.target));
    query.after = *after;
  }
  ask_store<job_page>(r, query, [](const job_page& page) {
    std::string body;
    http_api::json_writer out{body};
    out.begin_object().key("items").begin_array();
    for (auto& job : page.jobs)
      write_job(out, job, false);
    out.end_array().key("nextCursor");
    if (page.more)
      out.string(to_string(page.last));
    else
      out.null();
    out.end_object();
    return json(200, std::move(body));
  });
}

void gateway_actor::get_job(http_request& r, const target& where) {
  if (auto id = path_job(r, where))
    ask_store<job_view>(r, runtime::jobs::get_job{*id},
                        [](const job_view& job) { return json(200, job_body(job)); });
}

void gateway_actor::cancel_job(http_request& r, const target& where) {
  auto id = path_job(r, where);
  if (!id)
    return;
  ask_store<cancel_result>(r, runtime::jobs::cancel_job{*id}, [where = r.target](const cancel_result& done) {
    switch (done.outcome) {
    case cancelled::finished:
      return problem_answer(409, "the job is already " + std::string{to_string(done.job.status)}, where);
    case cancelled::requested:
      return json(202, job_body(done.job));
    default:
      return json(200, job_body(done.job));
    }
  });
}

void gateway_actor::retry_job(http_request& r, const target& where, bool dead_only) {
  if (auto id = path_job(r, where))
    ask_store<job_view>(r, runtime::jobs::retry_job{*id, dead_only},
                        [](const job_view& job) { return json(202, job_body(job)); });
}

void gateway_actor::discard_job(http_request& r, const target& where) {
  if (auto id = path_job(r, where))
    ask_store<bool>(r, runtime::jobs::discard_job{*id}, [](bool) {
      http_response out;
      out.status = 204;
      out.content_type = "";
      return out;
    });
}

void gateway_actor::retry_dead(http_request& r) {
  http_api::dead_letter_retry wanted;
  if (!r.body.empty()) {
    auto parsed = http_api::parse_dead_letter_retry(r.body);
    if (auto* bad = std::get_if<http_api::problem>(&parsed))
      return r.reply(answer(std::move(*bad), r.target));
    wanted = std::get<http_api::dead_letter_retry>(std::move(parsed));
  }
  runtime::jobs::retry_dead order;
  order.filter.type = wanted.type.value_or("");
  order.filter.queue = wanted.queue.value_or("");
  order.filter.error = wanted.error.value_or("");
  order.max = static_cast<std::uint32_t>(wanted.max);
  ask_store<std::uint32_t>(r, order, [](std::uint32_t count) {
    std::string body;
    http_api::json_writer{body}.begin_object().member("retried", count).end_object();
    return json(200, std::move(body));
  });
}

void gateway_actor::job_types(http_request& r, const target& where) {
  auto page = read_name_page(where);
  if (auto* bad = std::get_if<http_api::problem>(&page))
    return r.reply(answer(std::move(*bad), r.target));
  auto write = [](http_api::json_writer& out, const runtime::jobs::job_types::entry* entry) {
    auto& type = entry->type;
    out.begin_object()
        .member("type", type.name)
        .member("summary", type.summary)
        .member("maxAttempts", type.max_attempts)
        .member("timeoutMs", type.timeout.count());
    out.key("schema").raw(type.schema).end_object();
  };
  r.reply(json(200, render_name_page(
                        std::get<name_page>(page), parts_.types->all(),
                        [](auto* entry) { return entry->type.name; }, write)));
}

} // namespace tutti::actors::http_gateway

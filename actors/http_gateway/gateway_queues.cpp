#include "actors/http_gateway/gateway_actor.hpp"
#include "actors/http_gateway/jobs/job_json.hpp"
#include "actors/http_gateway/jobs/submission.hpp"
#include "actors/http_gateway/name_page.hpp"
#include "protocols/http_api/json_writer.hpp"

#include <utility>
#include <variant>

// The routes of queues and schedules.
namespace tutti::actors::http_gateway {
namespace {

namespace http_api = protocols::http_api;
using namespace runtime::jobs;

} // namespace

void gateway_actor::queues(http_request& r, const target& where) {
  auto page = read_name_page(where);
  if (auto* bad = std::get_if<http_api::problem>(&page))
    return r.reply(answer(std::move(*bad), r.target));
  ask_store<std::vector<queue_view>>(
      r, list_queues{}, [page = std::get<name_page>(std::move(page))](const std::vector<queue_view>& found) {
        return json(200, render_name_page(
                             page, found, [](auto& queue) { return queue.name; },
                             [now = wall_now()](auto& out, auto& queue) { write_queue(out, queue, now); }));
      });
}

void gateway_actor::pause_queue(http_request& r, const target& where, bool pause) {
  auto name = path_name(r, where, "queue");
  if (!name)
    return;
  ask_store<queue_view>(r, runtime::jobs::pause_queue{*name, pause}, [](const queue_view& queue) {
    std::string body;
    http_api::json_writer out{body};
    write_queue(out, queue, wall_now());
    return json(200, std::move(body));
  });
}

void gateway_actor::purge_queue(http_request& r, const target& where) {
  auto name = path_name(r, where, "queue");
  if (!name)
    return;
  ask_store<std::uint64_t>(r, runtime::jobs::purge_queue{*name}, [](std::uint64_t count) {
    std::string body;
    http_api::json_writer{body}.begin_object().member("cancelled", count).end_object();
    return json(200, std::move(body));
  });
}

void gateway_actor::schedules(http_request& r, const target& where) {
  auto page = read_name_page(where);
  if (auto* bad = std::get_if<http_api::problem>(&page))
    return r.reply(answer(std::move(*bad), r.target));
  ask_store<std::vector<schedule_view>>(
      r, list_schedules{},
      [page = std::get<name_page>(std::move(page))](const std::vector<schedule_view>& found) {
        return json(200, render_name_page(
                             page, found, [](auto& schedule) { return schedule.spec.name; },
                             [](auto& out, auto& schedule) { write_schedule(out, schedule); }));
      });
}

void gateway_actor::put_schedule(http_request& r, const target& where) {
  auto name = path_name(r, where, "schedule");
  if (!name)
    return;
  auto parsed = http_api::parse_schedule(r.body);
  if (auto* bad = std::get_if<http_api::problem>(&parsed))
    return r.reply(answer(std::move(*bad), r.target));
  auto& wanted = std::get<http_api::schedule_body>(parsed);
  auto job = scheduled_job(*parts_.types, wanted, wall_now());
  if (auto* bad = std::get_if<http_api::problem>(&job))
    return r.reply(answer(std::move(*bad), r.target));
  schedule_spec spec;
  spec.name = std::move(*name);
  spec.job = std::get<job_spec>(std::move(job));
  spec.interval_ms = wanted.interval_ms.value_or(0);
  spec.cron = std::move(wanted.cron);
  spec.time_zone = std::move(wanted.time_zone);
  spec.missed = static_cast<catch_up>(wanted.catch_up);
  spec.jitter_ms = wanted.jitter_ms;
  spec.paused = wanted.paused;
  // Here, so that the answer points at the field; every node has the same rules.
  auto when = spec.cron.empty() ? recurrence::every(spec.interval_ms, wall_now())
                                : recurrence::parse_cron(spec.cron, spec.time_zone);
  if (auto* words = std::get_if<std::string>(&when)) {
    bool zone = words->find("time zone") != std::string::npos;
    auto pointer = spec.cron.empty() ? "/intervalMs" : zone ? "/timeZone" : "/cron";
    return r.reply(answer(http_api::unprocessable(*words, {{pointer, *words}}), r.target));
  }
  ask_store<schedule_view>(r, runtime::jobs::put_schedule{std::move(spec)},
                           [](const schedule_view& schedule) {
                             std::string body;
                             http_api::json_writer out{body};
                             write_schedule(out, schedule);
                             return json(200, std::move(body));
                           });
}

void gateway_actor::delete_schedule(http_request& r, const target& where) {
  auto name = path_name(r, where, "schedule");
  if (!name)
    return;
  ask_store<bool>(r, runtime::jobs::delete_schedule{*name}, [](bool) {
    http_response out;
    out.status = 204;
    out.content_type = "";
    return out;
  });
}

} // namespace tutti::actors::http_gateway

#include "actors/http_gateway/gateway_actor.hpp"
#include "protocols/http_api/bodies/empty_body.hpp"
#include "runtime/telemetry/log.hpp"

#include <algorithm>
#include <utility>

#include <caf/event_based_actor.hpp>

namespace tutti::actors::http_gateway {
namespace {

using tick = caf::atom_constant<caf::atom("tick")>;

} // namespace

gateway_actor::gateway_actor(caf::actor_config& cfg, runtime::actor::placement where,
                             std::shared_ptr<api> requests, gateway_parts parts)
    : metered(cfg, std::move(where), "http-gateway"), api_(std::move(requests)), parts_(std::move(parts)) {
  mark_brief();
}

caf::behavior gateway_actor::make_behavior() {
  api_->connect(caf::actor_cast<caf::actor>(this));
  join_cluster();
  return {
      [this](admitted_requests& admitted) { serve(admitted.batch->requests); },
      [this](runtime::jobs::jobs_submitted& answer) { submitted(answer); },
      [this](tick) { expire_calls(); },
      [this](runtime::cluster::members_changed& news) { members_changed(news); },
      [](const runtime::cluster::peer_up&) {},
      [](const runtime::cluster::peer_down&) {},
      [this](const runtime::entity::node_question& question) { return answer_node(question.payload); },
  };
}

void gateway_actor::on_exit() {
  api_->connect({});
  calls_.clear(); // the responders answer 503
  parts_.store = nullptr;
  parts_.flags = nullptr;
  parts_.cluster = {};
}

void gateway_actor::serve(std::vector<http_request>& batch) {
  auto now = std::chrono::steady_clock::now();
  for (auto& r : batch) {
    if (r.reply.abandoned() || r.deadline <= now)
      continue; // nobody waits for it
    try {
      auto& known = routes()[r.route];
      if (known.to == endpoint::submit_job) {
        submit(r);
        continue;
      }
      auto parsed = protocols::http_api::parse_target(r.target);
      if (auto* bad = std::get_if<protocols::http_api::problem>(&parsed))
        r.reply(answer(std::move(*bad), r.target));
      else
        dispatch(r, std::get<target>(parsed));
    } catch (const std::exception& e) { // one bad request must not take the others with it
      runtime::telemetry::get().error("http.handler route={} error={}", routes()[r.route].pattern, e.what());
      r.reply(problem_answer(503, "the request could not be handled", r.target));
    }
  }
  flush_submissions();
  if (!calls_.empty() && !std::exchange(ticking_, true))
    delayed_send(this, std::chrono::seconds{1}, tick::value);
}

/// Submissions whose store did not answer in time; their outcome is unknown.
void gateway_actor::expire_calls() {
  auto now = std::chrono::steady_clock::now();
  for (auto i = calls_.begin(); i != calls_.end();) {
    if (i->second.deadline > now) {
      ++i;
      continue;
    }
    for (auto& caller : i->second.callers)
      caller.reply(problem_answer(503, "the job store did not answer; repeat with the same idempotency key",
                                  caller.target));
    i = calls_.erase(i);
  }
  ticking_ = !calls_.empty();
  if (ticking_)
    delayed_send(this, std::chrono::seconds{1}, tick::value);
}

void gateway_actor::dispatch(http_request& r, const target& where) {
  auto& known = routes()[r.route];
  if (known.body == body_kind::optional_json && known.to != endpoint::retry_dead_letters
      && known.to != endpoint::command_actor)
    if (auto bad = protocols::http_api::parse_empty_body(r.body))
      return r.reply(answer(std::move(*bad), r.target));
  switch (known.to) {
  case endpoint::submit_batch:
    return submit_batch(r);
  case endpoint::list_jobs:
    return list_jobs(r, where, false);
  case endpoint::dead_letters:
    return list_jobs(r, where, true);
  case endpoint::get_job:
    return get_job(r, where);
  case endpoint::cancel_job:
    return cancel_job(r, where);
  case endpoint::retry_job:
    return retry_job(r, where, false);
  case endpoint::retry_dead_letter:
    return retry_job(r, where, true);
  case endpoint::discard_dead_letter:
    return discard_job(r, where);
  case endpoint::retry_dead_letters:
    return retry_dead(r);
  case endpoint::job_types:
    return job_types(r, where);
  case endpoint::queues:
    return queues(r, where);
  case endpoint::pause_queue:
    return pause_queue(r, where, true);
  case endpoint::resume_queue:
    return pause_queue(r, where, false);
  case endpoint::purge_queue:
    return purge_queue(r, where);
  case endpoint::schedules:
    return schedules(r, where);
  case endpoint::put_schedule:
    return put_schedule(r, where);
  case endpoint::delete_schedule:
    return delete_schedule(r, where);
  case endpoint::flags:
    return flags(r, where);
  case endpoint::get_flag:
    return get_flag(r, where);
  case endpoint::put_flag:
    return put_flag(r, where);
  case endpoint::index:
    return index(r);
  case endpoint::metrics:
    return metrics_page(r);
  case endpoint::performance:
    return performance(r);
  case endpoint::actors:
    return actors(r, where);
  case endpoint::supervision:
    return supervision(r, where);
  case endpoint::events:
    return events(r, where);
  case endpoint::clusters:
    return clusters(r, where);
  case endpoint::actor_types:
    return actor_types(r, where);
  case endpoint::inspect_actor:
    return inspect_actor(r, where);
  case endpoint::command_actor:
    return command_actor(r, where);
  case endpoint::drain_node:
    return drain_node(r, where);
  case endpoint::undrain_node:
    return undrain_node(r, where);
  case endpoint::down_node:
    return down_node(r, where);
  case endpoint::submit_job:
  case endpoint::health:
  case endpoint::live:
  case endpoint::ready:
    return; // never dispatched
  }
}

caf::actor spawn_gateway(caf::event_based_actor& parent, runtime::actor::placement at,
                         std::shared_ptr<api> requests, gateway_parts parts) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<gateway_actor>(std::move(at), std::move(requests), std::move(parts)));
}

} // namespace tutti::actors::http_gateway

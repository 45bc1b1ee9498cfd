#include "runtime/telemetry/log.hpp"
#include "services/redis_jobs/codec.hpp"
#include "services/redis_jobs/store_actor.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tutti::services::redis_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;
using again_atom = caf::atom_constant<caf::atom("again")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;
using listen_atom = caf::atom_constant<caf::atom("listen")>;
using worker_gone = caf::atom_constant<caf::atom("gone")>;

constexpr std::uint64_t mailbox_call = 0; ///< of the other connection; the numbers of calls begin with 1
constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{2000};

std::string instance_name(const std::string& node) {
  auto random = telemetry::random_bits();
  std::string out = node;
  std::replace(out.begin(), out.end(), '/', '_'); // ends the instance in a consumer's name
  for (int i = 0; i < 8; ++i, random >>= 8)
    out += "abcdefghijklmnopqrstuvwxyz234567"[random & 31];
  return out;
}

} // namespace

std::uint64_t redis_store::whole_number(std::string_view text) {
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

redis_store::redis_store(caf::actor_config& cfg, actor::placement where, connections to,
                         store_options options, std::shared_ptr<job_observer> observer)
    : metered(cfg, std::move(where), "job-store"), to_(to), options_(std::move(options)),
      observer_(std::move(observer)), prefix_(to_.commands.key("jobs:")),
      instance_(instance_name(table().node())) {
  mark_brief();
}

caf::behavior redis_store::make_behavior() {
  set_down_handler([this](caf::down_msg& down) {
    bool died = down.reason && down.reason != caf::exit_reason::normal
                && down.reason != caf::exit_reason::user_shutdown;
    for (auto& [number, w] : workers_)
      if (w.handle == down.source) {
        w.stopped = true;
        send(this, worker_gone::value, number,
             died); // down messages overtake: its last outcomes may still wait
      }
  });
  set_up();
  tick();
  listen();
  return {
      [this](redis::redis_replies& answer) {
        if (answer.call == mailbox_call)
          return heard(answer.result);
        auto i = calls_.find(answer.call);
        if (i == calls_.end())
          return;
        auto then = std::move(i->second);
        calls_.erase(i);
        then(answer.result);
      },
      [this](submit_jobs& order) { submit(order); },
      [this](finish_attempts& ended) { finish(ended); },
      [this](const attach_worker& hello) { attach(hello); },
      [this](stop_claiming) {
        if (auto number = sender_worker())
          workers_[number].stopped = true;
      },
      [this](resume_claiming) {
        if (auto number = sender_worker())
          workers_[number].stopped = false;
        claim_now();
      },
      [this](const renew_claims& renewals) { renew(renewals); },
      [this](report_progress& progress) { report(progress); },
      [this](worker_gone, std::uint32_t number, bool died) { worker_ended(number, died); },
      [this](again_atom, std::uint64_t number) { send_repeated(number); },
      [this](tick_atom, std::uint64_t number) {
        if (number == timer_)
          tick();
      },
      [this](listen_atom) { listen(); },
      [this](const get_job& query) { return get(query.id); },
      [this](const list_jobs& query) { return list(query); },
      [this](const cancel_job& order) { return cancel(order.id); },
      [this](const retry_job& order) { return retry(order.id, order.dead_only); },
      [this](const discard_job& order) { return discard(order.id); },
      [this](const jobs::retry_dead& order) { return retry_dead(order); },
      [this](list_queues) { return queues(); },
      [this](const pause_queue& order) { return pause(order); },
      [this](const purge_queue& order) { return purge(order); },
      [this](put_schedule& order) { return put(order); },
      [this](const delete_schedule& order) { return remove(order.name); },
      [this](list_schedules) { return schedules(); },
  };
}

/// Nobody waits for the answers: what does not reach the server ends with the claims' time.
void redis_store::on_exit() {
  if (observer_)
    for (auto& [claim, held] : held_)
      observer_->changed({claim.first, held.type, held.queue, held.node, "lost", job_status::queued,
                          held.attempt, 0, std::nullopt, held.trace});
  redis::command_batch batch;
  for (auto& [number, w] : workers_)
    call(batch, all_scripts().lose, 3).arg(w.consumer).arg("0").arg(options_.worker_deaths);
  batch.add("DEL", prefix_ + "wk:" + instance_, prefix_ + "m:" + instance_);
  batch.add("SREM", prefix_ + "idle", instance_);
  to_.commands.send(std::move(batch), clock_type::now() + answer_deadline, [](redis::batch_result&&) {});
  workers_.clear();
  held_.clear();
  calls_.clear();
  repeats_.clear();
  waiting_.clear();
  ending_.clear();
}

redis::command_batch& redis_store::call(redis::command_batch& to, const redis::script& what,
                                        std::size_t arguments) {
  return to.call(what, 0, arguments + 1).arg(prefix_);
}

void redis_store::ask(redis::command_batch batch, answer_handler then) {
  ask_until(clock_type::now() + answer_deadline, std::move(batch), std::move(then));
}

void redis_store::ask_until(clock_type::time_point deadline, redis::command_batch batch,
                            answer_handler then) {
  auto number = ++last_call_;
  calls_.emplace(number, std::move(then));
  redis::send_for(caf::actor_cast<caf::actor>(this), to_.commands, std::move(batch), deadline, number);
}

void redis_store::ask_all(redis::command_batch batch, answer_handler then, failure_handler fail) {
  ask(std::move(batch), [then = std::move(then), fail = std::move(fail)](redis::batch_result& result) {
    if (auto lost = redis::to_error(result))
      return fail(lost);
    for (auto& answer : result.replies)
      if (auto refused = redis::to_error(answer))
        return fail(refused);
    then(result);
  });
}

void redis_store::insist(std::function<redis::command_batch()> make, answer_handler then) {
  auto number = ++last_repeat_;
  repeats_.emplace(number, repeated{std::move(make), std::move(then), first_pause});
  send_repeated(number);
}

void redis_store::send_repeated(std::uint64_t number) {
  auto i = repeats_.find(number);
  if (i == repeats_.end())
    return;
  ask_all(
      i->second.make(),
      [this, number](redis::batch_result& result) {
        if (auto done = repeats_.extract(number))
          done.mapped().then(result);
      },
      [this, number](const caf::error& reason) {
        auto late = repeats_.find(number);
        if (late == repeats_.end())
          return;
        auto& pause = late->second.pause;
        if (pause == first_pause)
          telemetry::get().warn("jobs.store_unreachable reason={}", runtime::describe(reason));
        auto spread = pause / 2 + pause * static_cast<int>(telemetry::random_bits() % 100) / 200;
        delayed_send(this, spread, again_atom::value, number);
        pause = std::min(pause * 2, longest_pause);
      });
}

/// The queues of the config are there from the start, and the scripts, so that none comes late.
void redis_store::set_up() {
  auto make = [this] {
    redis::command_batch batch;
    auto& s = all_scripts();
    for (auto* one : {&s.cancel, &s.claim, &s.discard, &s.finish, &s.fire, &s.lose, &s.progress, &s.purge,
                      &s.queues, &s.renew, &s.restart, &s.setup, &s.submit, &s.tick})
      batch.add("SCRIPT", "LOAD", one->source());
    call(batch, all_scripts().setup, 3 + options_.queues.size()).arg("0").arg("").arg("default");
    for (auto& [name, limits] : options_.queues)
      batch.arg(name);
    return batch;
  };
  insist(make, [](redis::batch_result&) {});
}

void redis_store::tell(const job_spec& spec, job_status status) {
  if (observer_)
    observer_->changed({spec.id, spec.type, spec.queue, {}, {}, status, 0, 0, std::nullopt, spec.trace});
}

/// {id, status, attempt, type, queue, node, error kind, ran (ms) or -1, trace} each.
void redis_store::tell_changes(replies changes) {
  for (auto& change : changes) {
    auto c = change.elements();
    if (c.size() != 9 || !observer_)
      continue;
    auto ran = c[7].integer();
    observer_->changed({id_of(c[0].text()), c[3].text(), c[4].text(), c[5].text(), c[6].text(),
                        static_cast<job_status>(c[1].integer()), static_cast<std::uint32_t>(c[2].integer()),
                        0, ran < 0 ? std::nullopt : std::optional<unix_ms>{ran}, read_trace(c[8].text())});
  }
}

void redis_store::tick_in(std::chrono::milliseconds wait) {
  auto at = clock_type::now() + wait;
  if (ticks_at_ != clock_type::time_point{} && ticks_at_ <= at)
    return;
  ticks_at_ = at;
  delayed_send(this, wait, tick_atom::value, ++timer_);
}

void redis_store::listen() {
  redis::command_batch batch;
  batch.add("BLMPOP", "5", "1", prefix_ + "m:" + instance_, "LEFT", "COUNT", "100");
  redis::send_for(caf::actor_cast<caf::actor>(this), to_.mailbox, std::move(batch),
                  clock_type::now() + std::chrono::seconds{8}, mailbox_call);
}

void redis_store::heard(const redis::batch_result& result) {
  if (redis::to_error(result) || result.replies.front().is_error()) {
    delayed_send(this, first_pause * 5, listen_atom::value);
    return;
  }
  auto both = result.replies.front().elements();
  bool jobs_wait = false;
  if (both.size() == 2)
    for (auto& word : both[1].elements()) {
      auto text = word.text();
      if (!text.starts_with('c') || text.size() < 18) {
        jobs_wait = true;
        continue;
      }
      auto blank = text.rfind(' ');
      auto* w = worker_of(text.substr(17, blank - 17));
      if (w && blank != std::string_view::npos)
        send(w->handle,
             claims_revoked{{{{id_of(text.substr(1, 16)), whole_number(text.substr(blank + 1))}, true}}});
    }
  if (jobs_wait)
    claim_now();
  listen();
}

caf::actor spawn_redis_store(caf::event_based_actor& parent, actor::placement at, connections to,
                             store_options options, std::shared_ptr<job_observer> observer) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<redis_store>(std::move(at), to, std::move(options), std::move(observer)));
}

} // namespace tutti::services::redis_jobs

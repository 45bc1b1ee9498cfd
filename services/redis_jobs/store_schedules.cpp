#include "runtime/actor/promises.hpp"
#include "runtime/telemetry/log.hpp"
#include "services/redis_jobs/codec.hpp"
#include "services/redis_jobs/store_actor.hpp"

#include <algorithm>
#include <utility>

// Recurring jobs: a hash of all by name, and an index by their next time. Whoever comes first fires one.
namespace tutti::services::redis_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;

constexpr std::size_t fired_at_once = 16;

} // namespace

unix_ms redis_store::time_of(const redis::reply& time) {
  auto parts = time.elements();
  if (parts.size() != 2)
    return 0;
  return static_cast<unix_ms>(whole_number(parts[0].text()) * 1000 + whole_number(parts[1].text()) / 1000);
}

caf::result<schedule_view> redis_store::put(put_schedule& order) {
  auto promise = make_response_promise<schedule_view>();
  auto fail = actor::fails(promise);
  redis::command_batch batch;
  batch.add("TIME").add("HGET", prefix_ + "sched", order.spec.name).add("HLEN", prefix_ + "sched");
  auto spec = std::make_shared<schedule_spec>(std::move(order.spec));
  ask_all(
      std::move(batch),
      [this, promise, fail, spec](redis::batch_result& read) mutable {
        auto earlier = unpack_schedule(read.replies[1].text());
        if (!earlier && read.replies[2].integer() >= static_cast<std::int64_t>(max_schedules))
          return actor::deliver(promise, make_error(ec::rejected, "there are " + std::to_string(max_schedules)
                                                                      + " schedules already"));
        auto made = planned_schedule::make(std::move(*spec), time_of(read.replies[0]),
                                           earlier ? &earlier->view : nullptr);
        if (auto* words = std::get_if<std::string>(&made))
          return actor::deliver(promise, make_error(ec::rejected, *words));
        auto& planned = std::get<planned_schedule>(made);
        redis::command_batch write;
        auto& name = planned.view.spec.name;
        write.add("MULTI").add("HSET", prefix_ + "sched", name, pack_schedule(planned));
        if (planned.view.next_at != 0)
          write.add("ZADD", prefix_ + "schedz", planned.view.next_at, name);
        else
          write.add("ZREM", prefix_ + "schedz", name);
        write.add("EXEC");
        auto wait = planned.view.next_at == 0 ? unix_ms{0} : planned.view.next_at - time_of(read.replies[0]);
        ask_all(
            std::move(write),
            [this, promise, view = planned.view, wait](redis::batch_result&) mutable {
              if (view.next_at != 0)
                tick_in(std::chrono::milliseconds{std::max<unix_ms>(wait, 1)});
              promise.deliver(std::move(view));
            },
            fail);
      },
      fail);
  return promise;
}

caf::result<bool> redis_store::remove(const std::string& name) {
  auto promise = make_response_promise<bool>();
  redis::command_batch batch;
  batch.add("MULTI").add("HDEL", prefix_ + "sched", name).add("ZREM", prefix_ + "schedz", name).add("EXEC");
  ask_all(
      std::move(batch),
      [promise, name](redis::batch_result& result) mutable {
        auto done = result.replies.back().elements();
        if (done.empty() || done[0].integer() == 0)
          return actor::deliver(promise, make_error(ec::not_found, "no schedule is called '" + name + "'"));
        promise.deliver(true);
      },
      actor::fails(promise));
  return promise;
}

caf::result<std::vector<schedule_view>> redis_store::schedules() {
  auto promise = make_response_promise<std::vector<schedule_view>>();
  redis::command_batch batch;
  batch.add("HVALS", prefix_ + "sched");
  ask_all(
      std::move(batch),
      [promise](redis::batch_result& result) mutable {
        std::vector<schedule_view> out;
        for (auto& one : result.replies.front().elements())
          if (auto known = unpack_schedule(one.text()))
            out.push_back(std::move(known->view));
        std::sort(out.begin(), out.end(), [](auto& x, auto& y) { return x.spec.name < y.spec.name; });
        promise.deliver(std::move(out));
      },
      actor::fails(promise));
  return promise;
}

void redis_store::fire_due(unix_ms now) {
  redis::command_batch batch;
  batch.add("ZRANGEBYSCORE", prefix_ + "schedz", "-inf", now, "LIMIT", "0", fired_at_once);
  ask_all(
      std::move(batch),
      [this, now](redis::batch_result& result) {
        for (auto& name : result.replies.front().elements())
          fire(std::string{name.text()}, now);
      },
      [](const caf::error& reason) {
        telemetry::get().warn("schedule.unread reason={}", runtime::describe(reason));
      });
}

void redis_store::fire(const std::string& name, unix_ms now) {
  auto fail = [name](const caf::error& reason) {
    telemetry::get().warn("schedule.late name={} reason={}", name, runtime::describe(reason));
  };
  redis::command_batch batch;
  batch.add("HGET", prefix_ + "sched", name);
  auto found = [this, name, now, fail](redis::batch_result& read) {
    auto before = read.replies.front().take_text();
    auto planned = unpack_schedule(before);
    if (!planned || !planned->due(now))
      return;
    auto made = std::make_shared<std::vector<job_spec>>(planned->take(now));
    redis::command_batch write;
    call(write, all_scripts().fire, 6 + words_of_a_job * made->size());
    write.arg(name).arg(before).arg(pack_schedule(*planned));
    write.arg(planned->view.next_at).arg(options_.max_jobs).arg(options_.max_queues);
    for (auto& spec : *made)
      append_job(write, spec);
    auto fired = [this, made](redis::batch_result& result) {
      auto parts = result.replies.front().elements();
      if (parts.size() != 3) // another node was first
        return;
      tell_changes(parts[2].elements());
      auto answers = parts[1].elements();
      for (std::size_t i = 0; i < made->size() && i < answers.size(); ++i) {
        auto& spec = (*made)[i];
        auto words = answers[i].elements();
        if (words.empty()) {
          if (observer_)
            observer_->accepted(spec.type);
          tell(spec, static_cast<job_status>(answers[i].integer()));
        } else if (static_cast<jobs::submitted>(words[0].integer()) != jobs::submitted::duplicate) {
          telemetry::get().error("schedule.refused type={} outcome={}", spec.type, words[0].integer());
        }
      }
      claim_now();
      tick_in(std::chrono::milliseconds{1}); // for the next one that is due
    };
    ask_all(std::move(write), fired, fail);
  };
  ask_all(std::move(batch), found, fail);
}

} // namespace tutti::services::redis_jobs

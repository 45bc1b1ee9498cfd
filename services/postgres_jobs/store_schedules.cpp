#include "runtime/actor/promises.hpp"
#include "runtime/telemetry/log.hpp"
#include "services/postgres_jobs/statements.hpp"
#include "services/postgres_jobs/store_actor.hpp"

#include <utility>

// Recurring jobs. Whoever comes first fires one: a schedule changes only at the version that was read.
namespace tutti::services::postgres_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;

const std::string& schedules_sql(bool due_only) {
  static const std::string all =
      "SELECT " + std::string{schedule_columns} + " FROM schedule WHERE $1 = '' OR name = $1 ORDER BY name";
  static const std::string due =
      "SELECT " + std::string{schedule_columns}
      + " FROM schedule WHERE next_at <> 0 AND next_at <= server_ms() ORDER BY next_at LIMIT 16";
  return due_only ? due : all;
}

/// At the version that was read; 0: there was none.
constexpr postgres::statement write_schedule{
    "jobs_write_schedule",
    "INSERT INTO schedule AS s (version, name, type, payload, queue, key, priority, max_attempts, "
    "timeout_ms, "
    "unique_policy, unique_value, body, interval_ms, cron, time_zone, missed, jitter_ms, paused, created_at, "
    "anchor, "
    "nominal_next, next_at, last_at, last_job, fired) VALUES ($1::bigint + 1, $2, $3, $4, $5, nullif($6, "
    "''), $7, $8, $9, $10, "
    "$11, $12, nullif($13::bigint, 0), nullif($14, ''), $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, "
    "$25)"
    " ON CONFLICT (name) DO UPDATE SET version = excluded.version, type = excluded.type, payload = "
    "excluded.payload, "
    "queue = excluded.queue, key = excluded.key, priority = excluded.priority, max_attempts = "
    "excluded.max_attempts, "
    "timeout_ms = excluded.timeout_ms, unique_policy = excluded.unique_policy, unique_value = "
    "excluded.unique_value, "
    "body = excluded.body, interval_ms = excluded.interval_ms, cron = excluded.cron, time_zone = "
    "excluded.time_zone, "
    "missed = excluded.missed, jitter_ms = excluded.jitter_ms, paused = excluded.paused, anchor = "
    "excluded.anchor, "
    "nominal_next = excluded.nominal_next, next_at = excluded.next_at WHERE s.version = $1"};

void append_schedule(postgres::unit& to, const planned_schedule& planned, std::int64_t version) {
  auto& view = planned.view;
  auto& spec = view.spec;
  auto& job = spec.job;
  to.add(write_schedule, version, spec.name, clean(job.type), clean(job.payload), clean(job.queue),
         clean(job.key), static_cast<int>(job.priority), job.max_attempts, job.timeout_ms,
         static_cast<int>(job.unique), uuid_text(job.unique_value), uuid_text(job.body),
         spec.cron.empty() ? spec.interval_ms : 0, spec.cron, spec.time_zone, static_cast<int>(spec.missed),
         spec.jitter_ms, spec.paused, view.created_at, planned.anchor, planned.nominal_next, view.next_at,
         view.last_at, uuid_text(view.last_job), view.fired);
}

} // namespace

caf::result<schedule_view> postgres_store::put(put_schedule& order) {
  auto promise = make_response_promise<schedule_view>();
  auto fail = actor::fails(promise);
  auto spec = std::make_shared<schedule_spec>(std::move(order.spec));
  spec->name = clean(spec->name);
  auto look = [spec] {
    return postgres::unit{}
        .add(sql::now)
        .add({"jobs_schedules", schedules_sql(false)}, spec->name)
        .add(sql::count_schedules);
  };
  in_turn(
      look,
      [this, promise, fail, spec](results& got) mutable {
        auto now = got[0][0].get<unix_ms>(0);
        auto earlier =
            got[1].empty() || spec->name.empty() ? std::nullopt : std::optional{read_schedule(got[1][0])};
        if (!earlier && got[2][0].get<std::size_t>(0) >= max_schedules)
          return actor::deliver(promise, make_error(ec::rejected, "there are " + std::to_string(max_schedules)
                                                                      + " schedules already"));
        auto made = planned_schedule::make(*spec, now, earlier ? &earlier->planned.view : nullptr);
        if (auto* words = std::get_if<std::string>(&made))
          return actor::deliver(promise, make_error(ec::rejected, *words));
        auto planned = std::get<planned_schedule>(made);
        auto write = [planned, version = earlier ? earlier->version : 0] {
          postgres::unit work;
          append_schedule(work, planned, version);
          return work;
        };
        auto written = [this, promise, view = planned.view, now](results& done) mutable {
          if (done[0].affected() == 0)
            return actor::deliver(promise,
                                  make_error(ec::unavailable, "another node changed it at the same time"));
          if (view.next_at != 0)
            tick_in(milliseconds{std::clamp<unix_ms>(view.next_at - now, 1, tick_interval_.count())});
          actor::deliver(promise, std::move(view));
        };
        in_turn(write, written, fail);
      },
      fail);
  return promise;
}

caf::result<bool> postgres_store::remove(const std::string& name) {
  auto promise = make_response_promise<bool>();
  in_turn([name = clean(name)] { return postgres::unit{}.add(sql::delete_schedule, name); },
          [promise, name](results& got) mutable {
            if (got[0].affected() == 0)
              return actor::deliver(promise,
                                    make_error(ec::not_found, "no schedule is called '" + name + "'"));
            actor::deliver(promise, true);
          },
          actor::fails(promise));
  return promise;
}

caf::result<std::vector<schedule_view>> postgres_store::schedules() {
  auto promise = make_response_promise<std::vector<schedule_view>>();
  read(
      postgres::unit{}.add({"jobs_schedules", schedules_sql(false)}, ""),
      [promise](results& got) mutable {
        std::vector<schedule_view> out;
        for (std::size_t i = 0; i < got[0].size(); ++i)
          out.push_back(read_schedule(got[0][i]).planned.view);
        actor::deliver(promise, std::move(out));
      },
      actor::fails(promise));
  return promise;
}

void postgres_store::fire_due() {
  if (std::exchange(firing_, true))
    return;
  in_turn(
      [] {
        return postgres::unit{}.add(sql::now).add({"jobs_schedules_due", schedules_sql(true)});
      },
      [this](results& got) {
        firing_ = false;
        auto now = got[0][0].get<unix_ms>(0);
        for (std::size_t i = 0; i < got[1].size(); ++i)
          fire(read_schedule(got[1][i]), now);
      },
      [this](const caf::error& reason) {
        firing_ = false;
        telemetry::get().warn("schedule.unread reason={}", runtime::describe(reason));
      });
}

void postgres_store::fire(stored_schedule due, unix_ms now) {
  auto made = std::make_shared<turn>();
  auto& one = made->items.submissions.emplace_back();
  one.order.jobs = due.planned.take(now);
  one.answers.resize(one.order.jobs.size());
  auto name = due.planned.view.spec.name;
  auto make = [this, made, due = std::move(due)] {
    auto& view = due.planned.view;
    postgres::unit work;
    auto& call = work.add(sql::fire, view.spec.name, due.version, due.planned.nominal_next, view.next_at,
                          view.last_at, uuid_text(view.last_job), view.fired)
                     .calls.back();
    job_columns columns;
    for (auto& spec : made->items.submissions.front().order.jobs)
      columns.add(spec);
    columns.append_to(call, options_.ageing_ms, true);
    call.parameters.emplace_back(options_.max_jobs);
    call.parameters.emplace_back(options_.max_queues);
    call.parameters.emplace_back(options_.key_retention_ms);
    return work;
  };
  in_turn(
      make,
      [this, made](results& got) {
        for (std::size_t i = 0; i < got[0].size(); ++i)
          take_row(*made, {0, got[0][i].get<std::size_t>(0) - 1}, got[0][i]);
        auto& fired = made->items.submissions.front();
        for (std::size_t i = 0; i < fired.answers.size(); ++i)
          if (auto& answer = fired.answers[i];
              answer && answer->outcome != submitted::accepted && answer->outcome != submitted::duplicate)
            telemetry::get().error("schedule.refused type={} outcome={}", fired.order.jobs[i].type,
                                   static_cast<int>(answer->outcome));
        tick_in(milliseconds{1}); // for the next one that is due
        claim_now();
      },
      [name](const caf::error& reason) {
        telemetry::get().warn("schedule.late name={} reason={}", name, runtime::describe(reason));
      });
}

} // namespace tutti::services::postgres_jobs

#include "protocols/http_api/json_writer.hpp"
#include "services/cli/commands/commands.hpp"
#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/text.hpp"

namespace tutti::services::cli {
namespace {

std::string schedule_path(const std::string& name) {
  return "/schedules/" + percent_encoded(name);
}

std::string when_text(const json& schedule) {
  if (auto cron = schedule["cron"].text(); !cron.empty())
    return cron + " (" + schedule["timeZone"].text() + ")";
  return "every " + duration_text(std::chrono::milliseconds{schedule["intervalMs"].integer()});
}

void print_schedules(context& on, const std::vector<json>& schedules) {
  table out{{{"NAME", false, 8},
             {"STATE"},
             {"TYPE", false, 8},
             {"WHEN", false, 10},
             {"NEXT (UTC)"},
             {"LAST (UTC)", false, 0, 2},
             {"LAST JOB", false, 0, 3},
             {"FIRED", true, 0, 1}}};
  for (auto& s : schedules)
    out.add({s["name"].text(), status_cell(s["paused"].flag() ? "paused" : "open"), s["type"].text(),
             when_text(s), time_text(s["nextRunAt"]), time_text(s["lastRunAt"]), s["lastJobId"].text(),
             grouped(s["fired"].count())});
  on.to.raw(out.render(on.to.out()));
}

} // namespace

int schedules_list(context& on) {
  auto answer = on.node.get("/schedules");
  if (on.as_json)
    print_json(on, answer.text);
  else if (auto schedules = answer.body["items"].items(); schedules.empty())
    on.to.note("no schedules");
  else
    print_schedules(on, schedules);
  return exit_done;
}

int schedules_put(context& on, const schedule_options& with) {
  auto body = submission_body(with.job);
  body.pop_back(); // more members follow
  auto text = [&](std::string_view name, const std::string& value) {
    if (value.empty())
      return;
    body.append(",\"").append(name).append("\":");
    protocols::http_api::append_json_string(body, value);
  };
  auto number = [&](std::string_view name, std::optional<std::int64_t> value) {
    if (value)
      body.append(",\"").append(name).append("\":").append(std::to_string(*value));
  };
  number("intervalMs", with.interval_ms);
  text("cron", with.cron);
  text("timeZone", with.time_zone);
  text("catchUp", with.catch_up);
  number("jitterMs", with.jitter_ms);
  if (with.paused)
    body += ",\"paused\":true";
  auto answer = on.node.put(schedule_path(with.name), body + "}");
  if (on.as_json)
    print_json(on, answer.text);
  else
    print_schedules(on, {answer.body});
  return exit_done;
}

int schedules_delete(context& on, const std::string& name) {
  on.node.remove(schedule_path(name));
  if (!on.as_json) // the node's answer is empty
    on.to.line(name + " is deleted; jobs that it has made stay");
  return exit_done;
}

} // namespace tutti::services::cli

#include "services/cli/commands/commands.hpp"
#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace tutti::services::cli {
namespace {

std::string job_path(const std::string& id) {
  return "/jobs/" + percent_encoded(id);
}

std::vector<cell> row_of(const json& job) {
  auto attempts = job["attempt"].text() + "/" + job["maxAttempts"].text();
  return {job["id"].text(),
          job["type"].text(),
          status_cell(job["status"].text()),
          job["queue"].text(),
          job["priority"].text(),
          attempts,
          time_text(job["createdAt"]),
          took_text(job),
          cell{error_text(job["error"]), tint::red}};
}

void print_attempts(context& on, const json& job) {
  table attempts{{{"ATTEMPT", true},
                  {"OUTCOME"},
                  {"NODE", false, 4, 2},
                  {"STARTED (UTC)", false, 0, 1},
                  {"TOOK", true, 0, 3},
                  {"ERROR", false, 16}}};
  for (auto& a : job["attempts"].items())
    attempts.add({a["attempt"].text(), status_cell(a["outcome"].text()), a["node"].text(),
                  time_text(a["startedAt"]), took_text(a), cell{error_text(a["error"]), tint::red}});
  if (attempts.size() > 0) {
    on.to.line();
    on.to.raw(attempts.render(on.to.out()));
  }
}

void print_job(context& on, const json& job) {
  std::vector<std::pair<std::string, cell>> rows;
  for (auto& [name, value] : job.members()) {
    if (name == "attempts" || value.is_null())
      continue;
    if (name == "status")
      rows.emplace_back(name, status_cell(value.text()));
    else if (name == "error")
      rows.emplace_back(name, cell{error_text(value), tint::red});
    else // a string as it is, but a payload or result as JSON
      rows.emplace_back(name, name == "payload" || name == "result" || name == "progress" ? value.dump()
                                                                                          : value.text());
  }
  std::size_t width = 0;
  for (auto& [name, value] : rows)
    width = std::max(width, display_width(clean(name)));
  for (auto& [name, value] : rows) { // not a table: here nothing is cut
    auto label = clean(name);
    label.append(width - display_width(label), ' ');
    on.to.raw(tinted(label, tint::bold, on.to.out()) + "  "
              + tinted(clean(value.text), value.colour, on.to.out()) + "\n");
  }
  print_attempts(on, job);
}

} // namespace

int jobs_list(context& on, const list_options& with) {
  api::parameters query{{"status", with.status}, {"type", with.type}, {"queue", with.queue}};
  bool first = true, more = false;
  on.node.each_page("/jobs", query, with.all ? 0 : with.limit, [&](const api_answer& page) {
    more = !page.body["nextCursor"].is_null();
    if (on.as_json)
      return print_json(on, page.text);
    table jobs{{{"ID"},
                {"TYPE", false, 8},
                {"STATUS"},
                {"QUEUE", false, 5, 3},
                {"PRIORITY", false, 0, 5},
                {"ATTEMPTS", true, 0, 4},
                {"CREATED (UTC)", false, 0, 2},
                {"TOOK", true, 0, 1},
                {"ERROR", false, 10, 1}}};
    for (auto& job : page.body["items"].items())
      jobs.add(row_of(job));
    if (jobs.size() > 0)
      on.to.raw(jobs.render(on.to.out(), std::exchange(first, false)));
  });
  if (on.as_json)
    return exit_done;
  if (first)
    on.to.note("no jobs");
  else if (more && !with.all)
    on.to.note("there are more: --all, or a greater --limit");
  return exit_done;
}

int jobs_get(context& on, const std::string& id) {
  auto answer = on.node.get(job_path(id));
  if (on.as_json)
    print_json(on, answer.text);
  else
    print_job(on, answer.body);
  return exit_done;
}

int jobs_cancel(context& on, const std::string& id) {
  auto answer = on.node.remove(job_path(id));
  if (on.as_json)
    print_json(on, answer.text);
  else if (answer.status == 202)
    on.to.line(answer.body["id"].text() + " is running: it has been asked to end");
  else
    on.to.line(answer.body["id"].text() + " is " + answer.body["status"].text());
  return exit_done;
}

int jobs_retry(context& on, const std::string& id) {
  auto answer = on.node.post(job_path(id) + "/retry");
  if (on.as_json)
    print_json(on, answer.text);
  else
    on.to.line(answer.body["id"].text() + " is " + answer.body["status"].text() + " again");
  return exit_done;
}

int jobs_types(context& on) {
  auto answer = on.node.get("/job-types");
  if (on.as_json) {
    print_json(on, answer.text);
    return exit_done;
  }
  table types{
      {{"TYPE"}, {"SUMMARY", false, 20}, {"ATTEMPTS", true}, {"TIMEOUT", true}, {"PAYLOAD", false, 20, 1}}};
  for (auto& type : answer.body["items"].items())
    types.add({type["type"].text(), type["summary"].text(), type["maxAttempts"].text(),
               duration_text(std::chrono::milliseconds{type["timeoutMs"].integer()}), type["schema"].text()});
  on.to.raw(types.render(on.to.out()));
  return exit_done;
}

} // namespace tutti::services::cli

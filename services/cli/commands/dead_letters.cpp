#include "protocols/http_api/json_writer.hpp"
#include "services/cli/commands/commands.hpp"
#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/text.hpp"

#include <utility>

namespace tutti::services::cli {
namespace {

std::string letter_path(const std::string& id) {
  return "/dead-letters/" + percent_encoded(id);
}

} // namespace

int dead_letters_list(context& on, const list_options& with) {
  api::parameters query{{"type", with.type}, {"queue", with.queue}, {"error", with.error}};
  bool first = true, more = false;
  on.node.each_page("/dead-letters", query, with.all ? 0 : with.limit, [&](const api_answer& page) {
    more = !page.body["nextCursor"].is_null();
    if (on.as_json)
      return print_json(on, page.text);
    table jobs{{{"ID"},
                {"TYPE", false, 8},
                {"QUEUE", false, 5, 2},
                {"ATTEMPTS", true, 0, 3},
                {"DIED (UTC)", false, 0, 1},
                {"ERROR", false, 16}}};
    for (auto& job : page.body["items"].items())
      jobs.add({job["id"].text(), job["type"].text(), job["queue"].text(), job["attempt"].text(),
                time_text(job["finishedAt"]), cell{error_text(job["error"]), tint::red}});
    if (jobs.size() > 0)
      on.to.raw(jobs.render(on.to.out(), std::exchange(first, false)));
  });
  if (!on.as_json && first)
    on.to.note("no dead letters");
  else if (!on.as_json && more && !with.all)
    on.to.note("there are more: --all, or a greater --limit");
  return exit_done;
}

int dead_letters_retry(context& on, const dead_retry_options& with) {
  if (!with.id.empty()) {
    auto answer = on.node.post(letter_path(with.id) + "/retry");
    if (on.as_json)
      print_json(on, answer.text);
    else
      on.to.line(answer.body["id"].text() + " is " + answer.body["status"].text() + " again");
    return exit_done;
  }
  std::string body;
  protocols::http_api::json_writer out{body};
  out.begin_object();
  for (auto& [name, value] :
       {std::pair{"type", &with.type}, std::pair{"queue", &with.queue}, std::pair{"error", &with.error}})
    if (!value->empty())
      out.member(name, *value);
  if (with.max)
    out.member("max", *with.max);
  out.end_object();
  auto answer = on.node.post("/dead-letters/retry", body);
  if (on.as_json)
    print_json(on, answer.text);
  else
    on.to.line(counted(answer.body["retried"].count(), "dead letter") + " put back");
  return exit_done;
}

int dead_letters_discard(context& on, const std::string& id) {
  on.node.remove(letter_path(id));
  if (!on.as_json) // the node's answer is empty
    on.to.line(id + " is gone for good");
  return exit_done;
}

} // namespace tutti::services::cli

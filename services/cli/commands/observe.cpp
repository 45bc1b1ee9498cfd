#include "services/cli/commands/commands.hpp"
#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/text.hpp"

#include <utility>

namespace tutti::services::cli {

int show_actors(context& on, const actor_options& with) {
  api::parameters query{{"type", with.type}, {"node", with.node}, {"sort", with.sort}};
  bool first = true;
  on.node.each_page("/actors", query, with.limit, [&](const api_answer& page) {
    if (on.as_json)
      return print_json(on, page.text);
    table actors{{{"PATH", false, 16},
                  {"TYPE", false, 8},
                  {"NODE", false, 4, 3},
                  {"MESSAGES", true},
                  {"MAILBOX", true},
                  {"BUSY", true},
                  {"RESTARTS", true, 0, 2},
                  {"LAST ERROR", false, 12, 1}}};
    for (auto& a : page.body["items"].items())
      actors.add({a["path"].text(), a["type"].text(), a["node"].text(), grouped(a["messages"].count()),
                  grouped(a["mailbox"].count()), fixed(a["busySeconds"].number(), 3) + " s",
                  grouped(a["restarts"].count()), cell{a["lastError"].text(), tint::red}});
    if (actors.size() > 0)
      on.to.raw(actors.render(on.to.out(), std::exchange(first, false)));
  });
  if (!on.as_json && first)
    on.to.note("no such actors");
  return exit_done;
}

int show_supervision(context& on) {
  auto answer = on.node.get("/supervision");
  if (on.as_json) {
    print_json(on, answer.text);
    return exit_done;
  }
  for (auto& node : answer.body["nodes"].items()) {
    if (node["tree"].is_object())
      on.to.raw(supervision_tree(node["tree"], on.to.out()));
    else
      on.to.line(node["name"].text() + "  " + node["status"].text(), tint::red);
  }
  if (!answer.body["complete"].flag())
    on.to.note("not every node has answered");
  return exit_done;
}

int show_health(context& on) {
  auto answer = on.node.ask({.path = "/health"});
  auto status = answer.body["status"];
  if (!status.is_string()) // not what /health says, well or not
    throw failure("GET /health: " + problem_text(answer.body, answer.status));
  auto code = status.text() == "unhealthy" ? exit_failed : exit_done;
  if (on.as_json) {
    print_json(on, answer.text);
    return code;
  }
  auto shown = status_cell(status.text());
  on.to.line(shown.text, shown.colour);
  on.to.line("node " + answer.body["node"].text() + ", version " + answer.body["version"].text() + ", up "
             + duration_text(std::chrono::seconds{answer.body["uptimeSeconds"].integer()}));
  table checks{{{"CHECK"}, {"STATUS"}, {"CRITICAL"}, {"LATENCY", true}, {"DETAIL", false, 16}}};
  for (auto& [name, check] : answer.body["checks"].members())
    checks.add({name, status_cell(check["status"].text()), check["critical"].flag() ? "yes" : "no",
                fixed(check["latencyMs"].number(), 2) + " ms", check["detail"].text()});
  on.to.raw(checks.render(on.to.out()));
  return code;
}

} // namespace tutti::services::cli

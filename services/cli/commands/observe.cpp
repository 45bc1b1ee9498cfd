#include "services/cli/commands/commands.hpp"
#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/text.hpp"

namespace tutti::services::cli {

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

#include "services/cli/commands/commands.hpp"
#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/text.hpp"

namespace tutti::services::cli {
namespace {

std::string node_path(const std::string& name, std::string_view order) {
  return "/nodes/" + percent_encoded(name) + "/" + std::string{order};
}

} // namespace

int show_cluster(context& on) {
  auto answer = on.node.get("/clusters");
  if (on.as_json) {
    print_json(on, answer.text);
    return exit_done;
  }
  auto& view = answer.body;
  auto coordinator = view["coordinator"].text();
  on.to.line("cluster " + view["name"].text() + ", " + counted(view["partitions"].count(), "partition") + ", "
             + (coordinator.empty() ? "nobody coordinates" : coordinator + " coordinates"));
  on.to.raw(members_table(view, on.to.out()));
  if (auto events = view["events"].items(); !events.empty()) {
    on.to.line();
    on.to.line("What happened (UTC):", tint::bold);
    for (auto& event : events)
      on.to.line(time_text(event["time"]) + "  " + event["what"].text());
  }
  if (!view["complete"].flag())
    on.to.note("not every node has answered");
  return exit_done;
}

int cluster_drain(context& on, const std::string& name, bool plan) {
  auto answer = on.node.post(node_path(name, plan ? "drain?plan=true" : "drain"));
  if (on.as_json) {
    print_json(on, answer.text);
    return exit_done;
  }
  auto& body = answer.body;
  table moves{{{"ROLE"}, {"PARTITIONS", true}, {"TO"}}};
  for (auto& move : body["moves"].items()) {
    auto to = move["to"].text();
    moves.add({move["role"].text(), grouped(move["partitions"].count()),
               to.empty() ? cell{"nobody: no other node has the role", tint::yellow} : cell{to}});
  }
  if (moves.size() > 0)
    on.to.raw(moves.render(on.to.out()));
  auto entities = body["entities"].is_null()      ? "an unknown number of entities"
                  : body["entities"].count() == 1 ? "1 live entity"
                                                  : grouped(body["entities"].count()) + " live entities";
  on.to.line(name + (plan ? " would give away " : " gives away ")
             + counted(body["partitions"].count(), "partition") + "; " + entities
             + (plan ? " would be saved, ended and loaded again when next used"
                     : " are saved, ended and loaded again when next used"));
  auto running = body["runningJobs"].is_null()      ? std::string{"an unknown number are"}
                 : body["runningJobs"].count() == 1 ? std::string{"1 is"}
                                                    : grouped(body["runningJobs"].count()) + " are";
  on.to.line(std::string{plan ? "it would claim" : "it claims"} + " no jobs any more; " + running
             + " running, and handed back to others if not ended in time");
  if (auto staying = body["staying"].count(); staying > 0)
    on.to.note(counted(staying, "partition") + " would stay: nobody else may own them", tint::yellow);
  return exit_done;
}

int cluster_undrain(context& on, const std::string& name) {
  auto answer = on.node.post(node_path(name, "undrain"));
  if (on.as_json)
    print_json(on, answer.text);
  else
    on.to.line(name + " may own partitions again");
  return exit_done;
}

int cluster_down(context& on, const std::string& name) {
  auto answer = on.node.post(node_path(name, "down"));
  if (on.as_json)
    print_json(on, answer.text);
  else
    on.to.line(name + " is declared dead");
  return exit_done;
}

} // namespace tutti::services::cli

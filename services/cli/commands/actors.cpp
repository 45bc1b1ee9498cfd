#include "services/cli/commands/commands.hpp"
#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/text.hpp"

#include <utility>

namespace tutti::services::cli {
namespace {

std::string entity_path(const entity_options& of) {
  return "/actors/" + percent_encoded(of.type) + "/" + percent_encoded(of.key);
}

/// The nodes that did not answer, named.
void note_silent_nodes(context& on, const json& body) {
  for (auto& node : body["nodes"].items())
    if (node["status"].text() != "up")
      on.to.note("node " + node["name"].text() + ": " + node["status"].text(), tint::yellow);
}

} // namespace

int show_actors(context& on, const actor_options& with) {
  api::parameters query{{"type", with.type}, {"node", with.node}, {"sort", with.sort}};
  bool first = true;
  json last;
  on.node.each_page("/actors", query, with.limit, [&](const api_answer& page) {
    last = page.body;
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
  if (!on.as_json)
    note_silent_nodes(on, last);
  return exit_done;
}

int actors_types(context& on) {
  bool first = true;
  on.node.each_page("/actors/types", {}, 0, [&](const api_answer& page) {
    if (on.as_json)
      return print_json(on, page.text);
    table types{
        {{"TYPE"}, {"ROLE"}, {"KEPT", false, 0, 1}, {"COMMANDS", false, 16}, {"SUMMARY", false, 12, 2}}};
    for (auto& type : page.body["items"].items()) {
      std::string commands;
      for (auto& command : type["commands"].items())
        commands += (commands.empty() ? "" : ", ") + command["name"].text();
      types.add({type["name"].text(), type["role"].text(), type["persistent"].flag() ? "yes" : "no", commands,
                 type["summary"].text()});
    }
    if (types.size() > 0)
      on.to.raw(types.render(on.to.out(), std::exchange(first, false)));
  });
  return exit_done;
}

int actors_show(context& on, const entity_options& of) {
  auto answer = on.node.get(entity_path(of));
  if (on.as_json) {
    print_json(on, answer.text);
    return exit_done;
  }
  auto& entity = answer.body;
  if (!entity["active"].flag()) {
    on.to.line(of.type + " " + of.key + " is not active: its next message wakes it");
    return exit_done;
  }
  table rows{{{of.type}, {of.key, false, 16}}};
  for (auto [title, member] :
       {std::pair{"path", "path"}, std::pair{"node", "node"}, std::pair{"partition", "partition"},
        std::pair{"epoch", "epoch"}, std::pair{"saved", "version"}, std::pair{"messages", "messages"},
        std::pair{"mailbox", "mailbox"}})
    rows.add({title, entity[member].text()});
  rows.add({"active since", time_text(entity["startedAt"])});
  rows.add({"state", entity["state"].text()});
  on.to.raw(rows.render(on.to.out()));
  return exit_done;
}

int actors_command(context& on, const entity_options& of) {
  auto answer = on.node.post(entity_path(of) + "/commands/" + percent_encoded(of.command),
                             of.body.empty() ? "{}" : of.body);
  print_json(on, answer.text);
  return exit_done;
}

} // namespace tutti::services::cli

#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/text.hpp"
#include "services/cli/demo/tour.hpp"

#include <algorithm>
#include <array>
#include <variant>

// The steps about the cluster as long as nobody hurts it.
namespace tutti::services::cli {
namespace {

constexpr int counters = 40;

/// Up, connected to each other, and with even shares of all partitions.
bool settled(const json& view, std::size_t nodes) {
  std::uint64_t least = UINT64_MAX, most = 0, sum = 0;
  std::size_t up = 0;
  for (auto& member : view["members"].items()) {
    if (member["state"].text() != "up" || !member["reachable"].flag())
      continue;
    ++up;
    auto share = member["partitions"].count();
    least = std::min(least, share);
    most = std::max(most, share);
    sum += share;
  }
  return view["complete"].flag() && up == nodes && sum == view["partitions"].count() && most - least <= 1;
}

bool is_ready(demo_cluster::node& node) {
  auto outcome = node.client->send({.path = "/ready"});
  auto* answer = std::get_if<http_answer>(&outcome); // nothing: it does not listen yet
  return answer && answer->status == 200;
}

void check_health(tour& t, demo_cluster::node& node) {
  auto health = node.talk->get("/health").body;
  t.expect(health["status"].text() == "healthy", "node " + node.name + " is " + health["status"].text());
  std::string names;
  for (auto& [name, check] : health["checks"].members()) {
    t.expect(check["status"].text() == "healthy",
             "check " + name + " of node " + node.name + " is " + check["status"].text());
    names += (names.empty() ? "" : ", ") + name;
  }
  for (auto path : {"/live", "/ready"})
    node.talk->get(path); // anything but 200 throws
  t.checked(node.name + " is healthy, live and ready; checks: " + names);
}

} // namespace

json wait_for_cluster(tour& t) {
  json view;
  t.wait_until("all nodes are up, with even shares", [&] {
    auto& nodes = t.cluster().nodes();
    return std::all_of(nodes.begin(), nodes.end(), [&](auto& node) {
      if (!is_ready(node))
        return false;
      view = node.talk->get("/clusters").body;
      return settled(view, nodes.size());
    });
  });
  return view;
}

std::map<std::string, std::uint64_t> read_counters(tour& t) {
  std::map<std::string, std::uint64_t> where;
  auto& nodes = t.cluster().nodes();
  std::size_t turn = 0;
  for (auto& [key, value] : t.counters) {
    auto& node = nodes[turn++ % nodes.size()];
    auto answer = node.talk->post("/actors/counter/" + key + "/commands/get", "{}").body;
    t.expect(answer["value"].integer() == value, "counter " + key + " should hold " + std::to_string(value)
                                                     + ", holds " + answer["value"].text());
    ++where[answer["node"].text()];
  }
  return where;
}

void visit_cluster(tour& t) {
  for (auto& words : t.cluster().moved_ports())
    t.say(words);
  for (auto& node : t.cluster().nodes()) {
    t.cluster().start(node.name);
    t.say("node " + node.name + ", process " + std::to_string(node.process->pid()) + ", on " + node.url);
  }
  t.say("one queue in Redis, their state in PostgreSQL, mutual TLS between them by a CA made for this run");
  t.say("admin token, made for this run: " + t.cluster().token());
  t.to().flush();
  auto view = wait_for_cluster(t);
  for (auto& node : t.cluster().nodes())
    check_health(t, node);
  t.to().raw(members_table(view, t.to().out()));
  t.expect(!view["coordinator"].text().empty(), "nobody coordinates");
  t.checked("three members; " + view["coordinator"].text() + " coordinates, and has shared out all "
            + view["partitions"].text() + " partitions evenly");
}

void visit_counters(tour& t) {
  t.say("each counter is an actor with a name; any node takes its commands and knows where it lives");
  auto& nodes = t.cluster().nodes();
  for (int i = 0; i < counters; ++i) {
    auto key = "song-" + std::to_string(i);
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      auto by = static_cast<std::int64_t>(n) + i + 1;
      nodes[n].talk->post("/actors/counter/" + key + "/commands/add", "{\"by\":" + std::to_string(by) + "}");
      t.counters[key] += by;
    }
  }
  t.checked(counted(counters, "counter") + ", each added to by way of all three nodes");
  std::string words;
  auto where = read_counters(t);
  for (auto& node : nodes) {
    t.expect(where[node.name] > 0, "no counter lives on node " + node.name);
    words += (words.empty() ? "" : ", ") + std::to_string(where[node.name]) + " on " + node.name;
  }
  t.checked("each holds the sum; they live where their names are hashed to: " + words);
}

void visit_return(tour& t) {
  auto& nodes = t.cluster().nodes();
  auto back = std::find_if(nodes.begin(), nodes.end(), [](auto& n) { return n.killed; });
  auto begin = std::chrono::steady_clock::now();
  auto& other = t.cluster().living();
  t.cluster().start(back->name);
  t.say("node " + back->name + " is started again, process " + std::to_string(back->process->pid()));
  {
    live_area live{t.to().out_stream()};
    t.to().flush();
    t.wait_until("node " + back->name + " has its share again", [&] {
      auto view = other.talk->get("/clusters").body;
      std::vector<std::string> lines;
      std::string plain;
      for (auto& member : view["members"].items()) {
        auto share = member["partitions"].count();
        auto words = "   " + member["name"].text() + "  " + grouped(share);
        auto state = member["state"].text();
        state.resize(8, ' ');
        words.resize(10, ' ');
        lines.push_back(
            words + "  " + state
            + bar(static_cast<double>(share) / static_cast<double>(view["partitions"].count()), 40));
        plain += (plain.empty() ? "   partitions: " : ", ") + member["name"].text() + " " + grouped(share);
      }
      bool done = settled(view, nodes.size());
      done ? live.finish(lines, plain) : live.show(lines, plain);
      return done;
    });
  }
  auto view = wait_for_cluster(t);
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  t.checked("it has joined and has its share of the partitions again, after " + duration_text(took));
  auto where = read_counters(t);
  t.expect(where[back->name] > 0, "no counter has moved back to node " + back->name);
  t.checked("all " + counted(t.counters.size(), "counter") + " hold what they held; "
            + std::to_string(where[back->name]) + " of them live on " + back->name + " now");
  t.to().raw(members_table(view, t.to().out()));
  t.say("what happened, as tutti cluster tells it:");
  for (auto& event : view["events"].items())
    t.say("   " + time_text(event["time"]).substr(11) + "  " + event["what"].text());
}

} // namespace tutti::services::cli

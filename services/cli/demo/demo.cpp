#include "services/cli/demo/demo.hpp"

#include "services/cli/console/signals.hpp"
#include "services/cli/console/text.hpp"
#include "services/cli/demo/cluster.hpp"
#include "services/cli/demo/surroundings.hpp"
#include "services/cli/demo/tour.hpp"

#include <chrono>
#include <memory>
#include <set>

namespace tutti::services::cli {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// Everything that the demo starts, in the order in which it is ended.
struct stage {
  temporary_folder folder;
  demo_servers servers{folder.path()};
  std::unique_ptr<demo_cluster> cluster;

  void stop(console& to) {
    to.line("stopping the nodes, then Redis and PostgreSQL");
    to.flush();
    if (cluster)
      cluster->stop();
    servers.stop();
  }
};

void take_tour(tour& t) {
  t.step("Three nodes, one cluster", visit_cluster);
  t.step("What it can run", visit_job_types);
  t.step("What it refuses", visit_refusals);
  t.step("A file of jobs", visit_job_file);
  t.step("Idempotency", visit_idempotency);
  t.step("A mixed load", visit_mixed_load);
  t.step("Cancelling", visit_cancel);
  t.step("Dead letters", visit_dead_letters);
  t.step("Pausing a queue, and priorities", visit_queue_control);
  t.step("A schedule", visit_schedule);
  t.step("The supervision trees", visit_supervision);
  t.step("Counters: actors that live somewhere in the cluster", visit_counters);
  t.step("A node is killed", visit_takeover);
  t.step("It comes back", visit_return);
  t.step("The account", visit_summary);
}

void stay(console& to, demo_cluster& cluster, signals& stop) {
  to.line();
  to.line("The cluster stays until Ctrl-C. To look around:", tint::bold);
  for (auto& node : cluster.nodes())
    to.line("   node " + node.name + "   " + node.url + "/   process " + std::to_string(node.process->pid()));
  to.line("   shell    export TUTTI_URL=" + cluster.nodes().front().url + " TUTTI_TOKEN=" + cluster.token());
  to.line("            tutti cluster; tutti cluster drain b; tutti actors command counter hits add");
  to.line("            tutti queues list; tutti events; tutti jobs submit --type diag.echo --wait");
  to.flush();
  std::set<std::string> gone; // the visitor may kill them, too
  while (!stop.stop_within(500ms)) {
    cluster.living();
    for (auto& node : cluster.nodes())
      if (!node.lives() && gone.insert(node.name).second) {
        node.killed = true; // no reason to fail at the end
        to.line("node " + node.name + " has ended: " + status_text(*node.process->ended()), tint::yellow);
        to.flush();
      }
  }
  to.line();
}

void explain(failure& e, stage& all) {
  std::vector<std::vector<std::string>> more{all.servers.troubles()};
  if (all.cluster)
    more.push_back(all.cluster->troubles());
  for (auto& lines : more)
    e.details.insert(e.details.end(), lines.begin(), lines.end());
  all.folder.keep_logs();
  e.details.push_back("all logs are in " + all.folder.path().string());
}

} // namespace

int run_demo(console& to, const demo_options& with) {
  signals stop;
  auto begin = clock::now();
  stage all;
  try {
    to.line("starting a Redis and a PostgreSQL of its own in " + all.folder.path().string());
    to.flush();
    all.servers.start(stop);
    to.line(all.servers.summary(), tint::dim);
    all.cluster = std::make_unique<demo_cluster>(all.folder.path(), all.servers, with.port, stop);
    tour t{to, stop, *all.cluster};
    take_tour(t);
    if (!with.once)
      stay(to, *all.cluster, stop);
    all.stop(to);
    to.line("✓ all stopped gracefully, exit code 0", tint::green);
    if (with.once)
      to.line("the tour took "
              + duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - begin)));
    return exit_done;
  } catch (const interrupted&) {
    to.line();
    all.stop(to);
    throw;
  } catch (failure& e) {
    explain(e, all);
    throw;
  }
}

} // namespace tutti::services::cli

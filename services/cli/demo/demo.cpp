#include "services/cli/demo/demo.hpp"

#include "services/cli/console/signals.hpp"
#include "services/cli/console/text.hpp"
#include "services/cli/demo/child_node.hpp"
#include "services/cli/demo/tour.hpp"

#include <sys/wait.h>

namespace tutti::services::cli {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds start_deadline{30s};
constexpr std::chrono::milliseconds stop_deadline{35s}; // its own shutdown.deadline is 30 s
constexpr std::chrono::milliseconds start_pause{20ms};

void must_live(child_node& node) {
  if (auto status = node.ended())
    throw failure("the node has ended by itself: " + status_text(*status));
}

/// Its address, once it serves.
std::string wait_for_start(child_node& node, signals& stop) {
  auto until = clock::now() + start_deadline;
  for (;; stop.pause(start_pause)) {
    must_live(node);
    if (auto port = node.port())
      return "http://127.0.0.1:" + std::to_string(*port);
    if (clock::now() > until)
      throw failure("the node did not start within " + duration_text(start_deadline));
  }
}

void take_tour(tour& t, child_node& node) {
  t.step("A node", [&](tour& here) {
    here.say("tutti node, process " + std::to_string(node.pid()) + ", everything in memory, on "
             + here.on().node.client().url());
    here.wait_until("the node is ready", [&] {
      must_live(node);
      return here.on().node.ask({.path = "/ready"}).status == 200;
    });
    visit_health(here);
  });
  t.step("What it can run", visit_job_types);
  t.step("What it refuses", visit_refusals);
  t.step("A file of jobs", visit_job_file);
  t.step("Idempotency", visit_idempotency);
  t.step("A mixed load", visit_mixed_load);
  t.step("Cancelling", visit_cancel);
  t.step("Dead letters", visit_dead_letters);
  t.step("Pausing a queue, and priorities", visit_queue_control);
  t.step("A schedule", visit_schedule);
  t.step("The supervision tree", visit_supervision);
  t.step("The account", visit_summary);
}

void stay(console& to, child_node& node, signals& stop, const std::string& url) {
  to.line();
  to.line("The node stays until Ctrl-C. To look around:", tint::bold);
  to.line("   dashboard  " + url + "/");
  to.line("   health     " + url + "/health");
  to.line("   metrics    " + url + "/metrics");
  to.line("   shell      export TUTTI_URL=" + url);
  to.line("              tutti queues list; tutti events; tutti jobs submit --type diag.echo --wait");
  to.flush();
  while (!stop.stop_within(500ms))
    must_live(node);
  to.line();
}

void stop_node(console& to, child_node& node) {
  to.line("stopping the node");
  to.flush();
  auto status = node.stop(stop_deadline);
  if (!status)
    throw failure("the node did not stop within " + duration_text(stop_deadline) + "; it was killed");
  if (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0)
    throw failure("the node should stop with exit code 0; it ended with " + status_text(*status));
  to.line("✓ stopped gracefully, exit code 0", tint::green);
}

} // namespace

int run_demo(console& to, const demo_options& with) {
  signals stop;
  auto begin = clock::now();
  child_node child{with.port, stop.before()};
  try {
    auto url = wait_for_start(child, stop);
    http_client client{{.url = url, .stop = [&stop] { return stop.stop(); }}};
    api node{client};
    context on{to, node, stop};
    tour t{on};
    take_tour(t, child);
    if (!with.once)
      stay(to, child, stop, url);
    stop_node(to, child);
    if (with.once)
      to.line("the tour took "
              + duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - begin)));
    child.delete_log();
    return exit_done;
  } catch (const interrupted&) {
    to.line();
    stop_node(to, child);
    child.delete_log();
    throw;
  } catch (failure& e) {
    if (auto status = child.ended())
      e.details.push_back("the node has ended: " + status_text(*status));
    e.details.push_back("the node's log is " + child.log_file() + "; its end:");
    e.details.push_back(child.log_tail());
    throw;
  }
}

} // namespace tutti::services::cli

#include "services/cli/console/text.hpp"
#include "services/cli/demo/tour.hpp"

#include <algorithm>
#include <set>
#include <variant>

// The step in which a node dies, the worst one: the coordinator.
namespace tutti::services::cli {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr int sleepers = 24;
constexpr std::string_view takeover_queue = "takeover";
constexpr auto takeover_limit = 2 * demo_lease_ttl;
/// Short, so that the picture moves while a counter has no home.
constexpr std::chrono::milliseconds one_question{250};
constexpr std::chrono::milliseconds takeover_deadline{30s};
constexpr std::chrono::milliseconds takeover_pause{20ms};

std::chrono::milliseconds since(clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - begin);
}

/// Jobs that the node has begun and that last longer than it will live; how many it runs.
std::size_t occupy(tour& t, demo_cluster::node& victim) {
  std::vector<planned_job> jobs(sleepers, plan(R"({"type":"diag.sleep","payload":{"ms":3000},"queue":")"
                                               + std::string{takeover_queue} + "\"}"));
  t.submit(jobs, *victim.talk);
  std::size_t running = 0, there = 0;
  t.wait_until("the jobs run", [&] {
    running = there = 0;
    t.each_job(std::string{takeover_queue}, [&](const json& job) {
      running += job["status"].text() == "running" ? 1 : 0;
      there += job["node"].text() == victim.name ? 1 : 0;
    });
    return running == sleepers;
  });
  t.expect(there > 0, "node " + victim.name + " runs none of the jobs that it took");
  return there;
}

/// Asks the other nodes for every counter, again and again, until each has answered rightly; how long that
/// took since `begin`.
std::chrono::milliseconds watch_takeover(tour& t, const std::string& victim, clock::time_point begin) {
  std::vector<std::unique_ptr<http_client>> clients;
  for (auto& node : t.cluster().nodes())
    if (node.name != victim)
      clients.push_back(std::make_unique<http_client>(
          http_options{.url = node.url, .token = t.cluster().token(), .timeout = one_question, .stop = [&t] {
                         return t.stop().stop();
                       }}));
  live_area live{t.to().out_stream()};
  t.to().flush();
  auto waiting = t.counters;
  std::chrono::milliseconds took{0};
  auto draw = [&] {
    auto right = t.counters.size() - waiting.size();
    auto share = static_cast<double>(right) / static_cast<double>(t.counters.size());
    auto time = waiting.empty() ? took : since(begin);
    auto of_limit = static_cast<double>(time.count()) / static_cast<double>(takeover_limit.count());
    auto number = std::to_string(right), seconds = fixed(static_cast<double>(time.count()) / 1000, 1) + " s";
    std::vector<std::string> lines{
        "   counters" + std::string(9 - std::min<std::size_t>(9, number.size()), ' ') + number + "  "
            + bar(share, 40),
        "   time" + std::string(13 - std::min<std::size_t>(13, seconds.size()), ' ') + seconds + "  "
            + bar(of_limit, 40)};
    auto plain =
        "   " + number + " of " + std::to_string(t.counters.size()) + " counters answer after " + seconds;
    waiting.empty() ? live.finish(lines, plain) : live.show(lines, plain);
  };
  for (std::size_t turn = 0; !waiting.empty(); t.stop().pause(takeover_pause)) {
    for (auto i = waiting.begin(); i != waiting.end();) {
      auto outcome =
          clients[turn++ % clients.size()]->send({.method = "POST",
                                                  .path = "/actors/counter/" + i->first + "/commands/get",
                                                  .body = "{}",
                                                  .content_type = "application/json"});
      auto* answer = std::get_if<http_answer>(&outcome);
      if (answer && answer->status == 200) {
        auto said = json::parse(answer->body).value_or(json{});
        t.expect(said["value"].integer() == i->second && said["node"].text() != victim,
                 "counter " + i->first + " should hold " + std::to_string(i->second) + ", answers "
                     + answer->body);
        took = since(begin);
        i = waiting.erase(i);
      } else {
        ++i;
      }
      if (t.stop().stop())
        throw interrupted{};
      draw();
    }
    t.cluster().must_live();
    t.expect(since(begin) < takeover_deadline, counted(waiting.size(), "counter") + " did not answer within "
                                                   + duration_text(takeover_deadline));
  }
  return took;
}

/// Every job must have succeeded, those of the victim by a second attempt.
void verify_reruns(tour& t, const std::string& victim) {
  std::size_t again = 0;
  t.each_job(std::string{takeover_queue}, [&](const json& listed) {
    auto job = t.get("/jobs/" + listed["id"].text());
    auto attempts = job["attempts"].items();
    t.expect(!attempts.empty() && job["status"].text() == "succeeded",
             job["id"].text() + " should have succeeded, is " + job["status"].text());
    if (attempts.front()["outcome"].text() == "lost") {
      t.expect(attempts.size() == 2 && attempts[0]["node"].text() == victim
                   && attempts[1]["node"].text() != victim,
               job["id"].text() + " should have been lost once, with node " + victim);
      t.ledger()[job["id"].text()].job.attempts = 2;
      ++again;
    }
  });
  t.expect(again > 0, "no job of node " + victim + " has run again");
  t.checked(counted(again, "job") + " that " + victim
            + " was running ran again elsewhere, and succeeded; none was lost");
}

} // namespace

void visit_takeover(tour& t) {
  auto victim = t.get("/clusters")["coordinator"].text();
  auto& node = t.cluster().at(victim);
  auto lost_counters = read_counters(t)[victim];
  auto lost_jobs = occupy(t, node);
  t.say(victim + " coordinates, holds " + counted(lost_counters, "counter") + " and runs "
        + counted(lost_jobs, "job") + "; it gets SIGKILL");
  auto begin = clock::now();
  t.cluster().kill(victim);
  auto took = watch_takeover(t, victim, begin);
  auto limit = "2 lease times (" + duration_text(takeover_limit) + ")";
  t.expect(took <= takeover_limit,
           "the last counter answered after " + duration_text(took) + ", which is more than " + limit);
  t.checked("every counter answers again, each with its value, after " + duration_text(took)
            + "; promised are " + limit);
  json view;
  t.wait_until("another node coordinates, and " + victim + " is known to be down", [&] {
    view = t.get("/clusters");
    bool down = false;
    for (auto& member : view["members"].items())
      down = down || (member["name"].text() == victim && member["state"].text() == "down");
    return down && !view["coordinator"].text().empty() && view["coordinator"].text() != victim;
  });
  t.checked(view["coordinator"].text() + " coordinates now; " + victim + " is down");
  t.watch({std::string{takeover_queue}}, sleepers);
  verify_reruns(t, victim);
}

} // namespace tutti::services::cli

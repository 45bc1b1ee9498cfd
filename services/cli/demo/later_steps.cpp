#include "protocols/http_api/rfc3339.hpp"
#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/text.hpp"
#include "services/cli/demo/tour.hpp"

#include <algorithm>
#include <limits>
#include <utility>

// The steps that steer what is there, and the account at the end.
namespace tutti::services::cli {
namespace {

constexpr int jobs_of_a_priority = 30;

planned_job in_queue(std::string_view queue, std::string_view priority) {
  return plan(R"({"type":"diag.echo","queue":")" + std::string{queue} + R"(","priority":")"
              + std::string{priority} + R"("})");
}

std::string status_of(tour& t, const std::string& id) {
  return t.get("/jobs/" + id)["status"].text();
}

/// p50 and p99 of one latency of /performance, as "1.2 / 3.4 ms".
std::string latency(const json& performance, std::string_view name,
                    const std::vector<std::pair<std::string, std::string>>& labels) {
  for (auto& row : performance["latencies"].items()) {
    bool same = row["name"].text() == name;
    for (auto& [label, value] : labels)
      same = same && row["labels"][label].text() == value;
    if (same)
      return fixed(row["p50Ms"].number(), 2) + " / " + fixed(row["p99Ms"].number(), 2) + " ms";
  }
  throw failure("GET /performance knows nothing of " + std::string{name});
}

void all_running(tour& t, const json& at, std::uint64_t& actors, std::uint64_t& restarts) {
  for (auto& child : at["children"].items()) {
    if (child["children"].is_array()) {
      all_running(t, child, actors, restarts);
      continue;
    }
    t.expect(child["state"].text() == "running", child["path"].text() + " is " + child["state"].text());
    ++actors;
    restarts += child["restarts"].count();
  }
}

} // namespace

void visit_cancel(tour& t) {
  auto id = t.submit_one(R"({"type":"diag.sleep","payload":{"ms":600000},"queue":"long"})")["id"].text();
  t.wait_until("the job runs", [&] { return status_of(t, id) == "running"; });
  t.say(id + " would sleep for ten minutes");
  auto answer = t.node().remove("/jobs/" + id);
  t.expect(answer.status == 202, "cancelling a running job should be answered 202");
  t.wait_until("the job is cancelled", [&] { return status_of(t, id) == "cancelled"; });
  t.ledger()[id].job.outcome = "cancelled";
  t.checked("cancelled while it ran");
  auto again = t.node().remove("/jobs/" + id);
  t.expect(again.status == 200 && again.body["status"].text() == "cancelled",
           "cancelling it once more should change nothing");
  t.checked("cancelling it once more changes nothing");
}

void visit_dead_letters(tour& t) {
  std::vector<std::string> crashed;
  t.node().each_page("/dead-letters", {{"type", "diag.crash"}, {"queue", "mixed"}}, 0,
                     [&](const api_answer& page) {
                       for (auto& job : page.body["items"].items())
                         crashed.push_back(job["id"].text());
                     });
  auto planned = std::count_if(t.ledger().begin(), t.ledger().end(), [](auto& e) {
    return e.second.job.type == "diag.crash" && e.second.job.queue == "mixed";
  });
  t.expect(crashed.size() == static_cast<std::size_t>(planned) && !crashed.empty(),
           "there should be " + std::to_string(planned) + " crashed jobs, are "
               + std::to_string(crashed.size()));
  auto victim = t.get("/jobs/" + crashed.front());
  t.checked(std::to_string(planned)
            + " crashed jobs are kept, with what went wrong: " + error_text(victim["error"]));

  auto id =
      t.submit_one(
           R"({"type":"diag.fail","payload":{"times":2},"maxAttempts":2,"queue":"second-chance"})")["id"]
          .text();
  t.wait_until("the job is dead", [&] { return status_of(t, id) == "dead"; });
  auto put_back = t.node().post("/dead-letters/" + id + "/retry");
  t.expect(put_back.status == 202, "a retry should be answered 202");
  t.wait_until("the retried job has succeeded", [&] { return status_of(t, id) == "succeeded"; });
  auto& entry = t.ledger()[id].job;
  entry.outcome = "succeeded";
  entry.attempts = 3;
  t.checked("one that died after two attempts was put back, and its third has succeeded");

  t.node().remove("/dead-letters/" + crashed.front());
  t.expect(t.node().ask({.path = "/jobs/" + crashed.front()}).status == 404,
           "the discarded job is still there");
  t.forget(crashed.front());
  ++t.discarded;
  t.checked("one was discarded, and is gone");
}

void visit_queue_control(tour& t) {
  auto paused = t.node().post("/queues/night/pause").body;
  t.expect(paused["paused"].flag(), "the queue should be paused");
  std::vector<planned_job> jobs;
  for (auto priority : {"low", "high"}) // the urgent ones come last
    for (int i = 0; i < jobs_of_a_priority; ++i)
      jobs.push_back(in_queue("night", priority));
  t.submit(jobs);
  auto probe = t.submit_one(in_queue("day", "low").line)["id"].text();
  t.wait_until("a job of another queue has run", [&] { return status_of(t, probe) == "succeeded"; });
  t.expect(t.depths({"night"})["queued"] == jobs.size(), "a paused queue has started jobs");
  t.checked(counted(jobs.size(), "job") + " wait in a paused queue while another queue goes on");
  auto resumed = t.node().post("/queues/night/resume").body;
  t.expect(!resumed["paused"].flag(), "the queue should be open again");
  t.wait_until("all have run", [&] { return t.depths({"night"})["succeeded"] == jobs.size(); });
  std::int64_t last_high = 0, first_low = std::numeric_limits<std::int64_t>::max();
  t.each_job("night", [&](const json& job) {
    auto started = protocols::http_api::parse_rfc3339(job["startedAt"].text()).value_or(0);
    if (job["priority"].text() == "high")
      last_high = std::max(last_high, started);
    else
      first_low = std::min(first_low, started);
  });
  t.expect(last_high <= first_low, "a job of low priority was started before one of high priority");
  t.checked("resumed: all have run, those of high priority first although they came last");
}

void visit_schedule(tour& t) {
  const std::string path = "/schedules/demo-tick";
  auto made =
      t.node()
          .put(path, R"({"type":"diag.echo","queue":"ticks","payload":{"tick":true},"intervalMs":1000})")
          .body;
  t.checked("every second, next at " + made["nextRunAt"].text());
  t.wait_until("the schedule has fired twice", [&] {
    auto schedules = t.get("/schedules")["items"].items();
    t.expect(schedules.size() == 1, "there should be one schedule");
    return schedules[0]["fired"].count() >= 2;
  });
  t.node().remove(path);
  t.expect(t.get("/schedules")["items"].items().empty(), "the deleted schedule is still there");
  t.wait_until("its jobs have run", [&] {
    auto depth = t.depths({"ticks"});
    return depth["succeeded"] >= 2 && depth["queued"] + depth["running"] == 0;
  });
  std::uint64_t jobs = 0;
  t.each_job("ticks", [&](const json& job) {
    t.enter(job["id"].text(), in_queue("ticks", "medium"));
    ++jobs;
  });
  t.checked("it has fired " + std::to_string(jobs) + " times, each time a job that succeeded; deleted again");
}

void visit_supervision(tour& t) {
  auto answer = t.get("/supervision");
  auto nodes = answer["nodes"].items();
  t.expect(answer["complete"].flag() && nodes.size() == t.cluster().nodes().size(),
           "the trees of all nodes should be there");
  std::uint64_t actors = 0, restarts = 0;
  for (auto& node : nodes)
    all_running(t, node["tree"], actors, restarts);
  t.to().raw(supervision_tree(nodes[0]["tree"], t.to().out()));
  t.expect(restarts == 0, "a part of a node was restarted: " + std::to_string(restarts));
  t.checked("all " + std::to_string(actors)
            + " parts of the three nodes run; no crash of a job has restarted any");
}

void visit_summary(tour& t) {
  std::map<std::string, std::uint64_t> planned, found;
  std::uint64_t retries = 0;
  for (auto& [id, entry] : t.ledger()) {
    ++planned[entry.job.outcome];
    retries += entry.job.attempts - 1;
  }
  std::uint64_t listed = 0;
  t.each_job("", [&](const json& job) {
    auto known = t.ledger().find(job["id"].text());
    t.expect(known != t.ledger().end(), job["id"].text() + " was submitted by nobody");
    t.expect(job["status"].text() == known->second.job.outcome
                 && job["attempt"].count() == known->second.job.attempts,
             job["id"].text() + " should be " + known->second.job.outcome + ", is " + job["status"].text());
    ++listed;
  });
  t.expect(listed == t.ledger().size(),
           grouped(t.ledger().size()) + " jobs should be there, are " + grouped(listed));
  for (auto& [status, count] : t.depths()) {
    if (count > 0)
      found[status] = count;
    t.expect(count == planned[status], "GET /queues counts " + grouped(count) + " " + status + ", should be "
                                           + grouped(planned[status]));
  }
  std::uint64_t memory = 0;
  for (auto& node : t.cluster().nodes())
    memory += node.talk->get("/performance").body["memory"]["residentBytes"].count();
  table sums{{{"WHAT"}, {"HOW MUCH", true}}};
  sums.add({"jobs submitted", grouped(t.ledger().size() + t.discarded)});
  sums.add({"duplicates recognised", grouped(t.duplicates)});
  for (auto& [status, count] : found)
    sums.add({status_cell(status), grouped(count)});
  sums.add({"discarded", grouped(t.discarded)});
  sums.add({"repeated attempts of those kept", grouped(retries)});
  sums.add({"mixed load, jobs per second", grouped(static_cast<std::uint64_t>(t.rate))});
  sums.add({"submitting a batch, p50 / p99", latency(t.performance, "tutti_http_request_duration_seconds",
                                                     {{"route", "/jobs/batch"}, {"method", "POST"}})});
  sums.add({"submitting one job, p50 / p99", latency(t.performance, "tutti_http_request_duration_seconds",
                                                     {{"route", "/jobs"}, {"method", "POST"}})});
  sums.add({"waiting in queue \"mixed\", p50 / p99",
            latency(t.performance, "tutti_job_wait_seconds", {{"queue", "mixed"}})});
  sums.add({"an attempt of diag.echo, p50 / p99",
            latency(t.performance, "tutti_job_duration_seconds", {{"type", "diag.echo"}})});
  sums.add({"memory of the three nodes", bytes_text(memory)});
  t.to().raw(sums.render(t.to().out()));
  t.checked("every job accounted for: what was submitted is what GET /jobs lists and GET /queues counts");
}

} // namespace tutti::services::cli

#include "protocols/http_api/rfc3339.hpp"
#include "services/cli/console/text.hpp"
#include "services/cli/demo/tour.hpp"

#include <algorithm>
#include <map>
#include <string_view>

// The steps that only add jobs: what is there, what is refused, what becomes of a file and of a heavy load.
namespace tutti::services::cli {
namespace {

/// The node must refuse it with this status, and name this place.
void must_refuse(tour& t, const std::string& what, const http_request& request, int status,
                 std::string_view pointer) {
  auto answer = t.node().ask(request);
  t.expect(answer.status == status,
           what + " should be answered " + std::to_string(status) + ", was " + std::to_string(answer.status));
  bool named = pointer.empty();
  for (auto& error : answer.body["errors"].items())
    named = named || error["pointer"].text() == pointer;
  t.expect(named, what + ": the answer does not name " + std::string{pointer});
  t.checked(what + ": " + problem_text(answer.body, status));
}

http_request post_job(std::string body) {
  return {.method = "POST", .path = "/jobs", .body = std::move(body), .content_type = "application/json"};
}

/// Fails unless each job has ended as planned; the runs that were repeated, counted.
std::uint64_t verify(tour& t, const std::vector<std::string>& queues) {
  std::uint64_t retries = 0;
  for (auto& queue : queues) {
    std::uint64_t listed = 0;
    t.each_job(queue, [&](const json& job) {
      auto id = job["id"].text();
      auto known = t.ledger().find(id);
      t.expect(known != t.ledger().end(), "the node lists " + id + ", which nobody has submitted");
      auto& planned = known->second.job;
      t.expect(job["status"].text() == planned.outcome,
               id + " (" + planned.type + ") should be " + planned.outcome + ", is " + job["status"].text());
      t.expect(job["attempt"].count() == planned.attempts, id + " (" + planned.type + ") should have had "
                                                               + counted(planned.attempts, "attempt")
                                                               + ", had " + job["attempt"].text());
      auto started = protocols::http_api::parse_rfc3339(job["startedAt"].text());
      t.expect(started && *started >= known->second.sent_at + planned.delay_ms,
               id + " started before its time");
      retries += planned.attempts - 1;
      ++listed;
    });
    std::uint64_t sent = 0;
    for (auto& [id, known] : t.ledger())
      sent += known.job.queue == queue ? 1 : 0;
    t.expect(listed == sent,
             "queue " + queue + " should list " + grouped(sent) + " jobs, lists " + grouped(listed));
  }
  return retries;
}

/// Jobs of one key: each must have ended before the next one began, in the order of submission.
void verify_serial(tour& t) {
  std::map<std::string, std::int64_t> last_end;
  std::uint64_t jobs = 0;
  t.each_job("serial", [&](const json& job) { // in the order of their ids, which is that of submission
    auto begin = protocols::http_api::parse_rfc3339(job["startedAt"].text()).value_or(0);
    auto end = protocols::http_api::parse_rfc3339(job["finishedAt"].text()).value_or(0);
    auto& before = last_end[job["key"].text()];
    t.expect(begin >= before, job["id"].text() + " ran beside another job of key " + job["key"].text());
    before = end;
    ++jobs;
  });
  t.checked(counted(jobs, "job") + " of " + counted(last_end.size(), "key")
            + ": never two of one key at a time, each in its turn");
}

/// Every node must have done its part.
void verify_shares(tour& t) {
  std::map<std::string, std::uint64_t> ran;
  t.each_job("mixed", [&](const json& job) { ++ran[job["node"].text()]; });
  std::string words;
  for (auto& node : t.cluster().nodes()) {
    t.expect(ran[node.name] > 0, "node " + node.name + " has run none of them");
    words += (words.empty() ? "" : ", ") + node.name + " " + grouped(ran[node.name]);
  }
  t.checked("taken by one node, run by all: " + words);
}

} // namespace

void visit_job_types(tour& t) {
  auto types = t.get("/job-types")["items"].items();
  for (std::string_view wanted : {"diag.crash", "diag.echo", "diag.fail", "diag.sleep"}) {
    const json* found = nullptr;
    for (auto& type : types)
      if (type["type"].text() == wanted)
        found = &type;
    t.expect(found != nullptr, "there is no job type " + std::string{wanted});
    t.expect((*found)["schema"].is_object(), std::string{wanted} + " has no schema");
    t.checked(std::string{wanted} + ": " + (*found)["summary"].text());
  }
}

void visit_refusals(tour& t) {
  must_refuse(t, "a payload against its schema", post_job(R"({"type":"diag.sleep","payload":{"ms":"long"}})"),
              422, "/payload/ms");
  must_refuse(t, "a field that nobody knows", post_job(R"({"type":"diag.echo","prio":"high"})"), 422,
              "/prio");
  must_refuse(t, "half a JSON text", post_job(R"({"type":)"), 400, "");
  must_refuse(t, "a job that is not there", {.path = "/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV"}, 404, "");
  std::uint64_t jobs = 0;
  for (auto& [status, count] : t.depths())
    jobs += count;
  t.expect(jobs == 0, "a refused submission has left " + counted(jobs, "job"));
  t.checked("nothing of it has become a job");
}

void visit_job_file(tour& t) {
  auto jobs = file_load();
  t.say("deploy/demo/jobs.ndjson: a job a line, as tutti jobs submit --file takes them");
  t.submit(jobs);
  t.checked(counted(jobs.size(), "job") + " accepted");
  std::vector<std::string> queues;
  for (auto& job : jobs)
    if (std::find(queues.begin(), queues.end(), job.queue) == queues.end())
      queues.push_back(job.queue);
  t.watch(queues, jobs.size());
  auto retries = verify(t, queues);
  t.checked("each one has ended as it should, after " + grouped(retries) + " repeated attempts");
}

void visit_idempotency(tour& t) {
  const std::string line = R"({"type":"diag.echo","payload":{"song":"once"},"idempotencyKey":"demo-once"})";
  auto first = t.submit_one(line), second = t.submit_one(line);
  t.expect(!first["deduplicated"].flag() && second["deduplicated"].flag(),
           "the second one should be a duplicate");
  t.expect(first["id"].text() == second["id"].text(), "the same key gave two jobs");
  t.checked("the same key twice: one job, " + first["id"].text());
  must_refuse(t, "the same key with another body",
              post_job(R"({"type":"diag.echo","payload":{"song":"other"},"idempotencyKey":"demo-once"})"),
              422, "/idempotencyKey");
}

void visit_mixed_load(tour& t) {
  auto jobs = mixed_load();
  auto repeated = t.duplicates;
  t.say("echoes of three priorities, sleepers of 50 to 500 ms, failures that recover, crashes that do not,");
  t.say("jobs that share a key, delayed ones, and some submitted twice; each node runs "
        + std::to_string(demo_concurrency) + " at a time");
  auto begin = std::chrono::steady_clock::now();
  t.submit(jobs);
  repeated = t.duplicates - repeated;
  auto unique = jobs.size() - repeated;
  t.checked(counted(unique, "job") + " accepted, " + counted(repeated, "duplicate") + " recognised");
  const std::vector<std::string> queues{"mixed", "serial", "delayed"};
  t.watch(queues, unique);
  auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  t.rate = static_cast<double>(unique) / took;
  auto depth = t.depths(queues);
  std::uint64_t succeed = 0;
  for (auto& job : jobs)
    succeed += !job.repeats && job.outcome == "succeeded" ? 1 : 0;
  t.expect(depth["succeeded"] == succeed && depth["dead"] == unique - succeed,
           "should be " + grouped(succeed) + " succeeded and " + grouped(unique - succeed) + " dead, are "
               + grouped(depth["succeeded"]) + " and " + grouped(depth["dead"]));
  t.checked(grouped(succeed) + " succeeded, " + grouped(unique - succeed) + " dead, as planned, in "
            + fixed(took, 1) + " s (" + grouped(static_cast<std::uint64_t>(t.rate)) + " jobs a second)");
  auto retries = verify(t, queues);
  t.checked("each job read back: status, attempts (" + grouped(retries) + " repeated"
            + ") and delay are right");
  verify_serial(t);
  verify_shares(t);
  t.performance = t.get("/performance");
}

} // namespace tutti::services::cli

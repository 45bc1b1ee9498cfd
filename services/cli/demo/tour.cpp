#include "services/cli/demo/tour.hpp"

#include "runtime/wall_clock.hpp"
#include "services/cli/client/submitter.hpp"
#include "services/cli/console/text.hpp"

#include <algorithm>
#include <array>

namespace tutti::services::cli {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds step_deadline{60s}; // a machine that is busy with other things too
constexpr std::chrono::milliseconds look_pause{20ms};
constexpr std::size_t jobs_per_batch = 1000;

constexpr std::array<std::string_view, 7> statuses{"scheduled", "queued", "running",  "retrying",
                                                   "succeeded", "dead",   "cancelled"};

} // namespace

void tour::step(const std::string& title, const std::function<void(tour&)>& what) {
  to_.line();
  to_.line(std::to_string(++steps_) + ". " + title, tint::bold);
  try {
    what(*this);
  } catch (const interrupted&) {
    throw;
  } catch (const failure& e) {
    throw failure("step " + std::to_string(steps_) + " (" + title + ") failed: " + e.what(), exit_failed,
                  e.details);
  }
}

void tour::say(std::string_view text) {
  to_.line("   " + std::string{text});
}

void tour::checked(std::string_view text) {
  to_.raw("   " + tinted("✓", tint::green, to_.out()) + " " + clean(text) + "\n");
}

void tour::expect(bool fine, const std::string& otherwise) const {
  if (!fine)
    throw failure(otherwise);
}

void tour::wait_until(const std::string& what, const std::function<bool()>& condition) {
  auto until = clock::now() + step_deadline;
  while (!condition()) {
    cluster_.must_live();
    if (clock::now() > until)
      throw failure("waited " + duration_text(step_deadline) + " in vain until " + what);
    stop_.pause(look_pause);
  }
}

void tour::submit(const std::vector<planned_job>& jobs, api& by) {
  submitter sender{by, stop_, {}};
  std::vector<std::string> ids;
  for (std::size_t begin = 0; begin < jobs.size(); begin += jobs_per_batch) {
    job_batch batch;
    for (auto i = begin; i < std::min(begin + jobs_per_batch, jobs.size()); ++i)
      batch.lines.push_back({i + 1, jobs[i].line});
    auto sent_at = runtime::wall_now();
    for (auto& answer : sender.send(batch)) {
      auto& job = jobs[ids.size()];
      expect(answer.accepted, "job " + std::to_string(answer.line) + " was refused: " + answer.problem);
      expect(answer.deduplicated == job.repeats.has_value(),
             answer.id
                 + (answer.deduplicated ? " is called a duplicate and is none" : " should be a duplicate"));
      if (job.repeats) {
        expect(answer.id == ids[*job.repeats], "a duplicate got another job's id: " + answer.id);
        ++duplicates;
      } else {
        expect(!ledger_.contains(answer.id), "two jobs have the id " + answer.id);
        ledger_[answer.id] = {job, sent_at};
      }
      ids.push_back(answer.id);
    }
  }
  expect(ids.size() == jobs.size(), "some jobs had no answer");
}

json tour::submit_one(const std::string& line) {
  auto sent_at = runtime::wall_now();
  auto answer = node().post("/jobs", line).body;
  auto id = answer["id"].text();
  expect(!id.empty(), "POST /jobs gave no id");
  if (answer["deduplicated"].flag())
    ++duplicates;
  else
    ledger_[id] = {plan(line), sent_at};
  return answer;
}

std::map<std::string, std::uint64_t> tour::depths(const std::vector<std::string>& queues) {
  std::map<std::string, std::uint64_t> out;
  for (auto status : statuses)
    out.emplace(status, 0);
  for (auto& queue : get("/queues")["items"].items())
    if (queues.empty() || std::find(queues.begin(), queues.end(), queue["name"].text()) != queues.end())
      for (auto& [priority, counts] : queue["depth"].members())
        for (auto& [status, count] : counts.members())
          out[status] += count.count();
  return out;
}

std::chrono::milliseconds tour::watch(const std::vector<std::string>& queues, std::uint64_t jobs) {
  live_area live{to_.out_stream()};
  auto begin = clock::now();
  to_.flush();
  auto draw = [&](std::map<std::string, std::uint64_t>& depth, bool last) {
    std::vector<std::string> lines;
    std::string plain;
    for (auto status : statuses) {
      auto count = depth[std::string{status}];
      auto share = static_cast<double>(count) / static_cast<double>(std::max<std::uint64_t>(jobs, 1));
      std::string name{status};
      name.resize(10, ' ');
      auto number = grouped(count);
      lines.push_back("   " + name + std::string(7 - std::min<std::size_t>(7, number.size()), ' ') + number
                      + "  " + bar(share, 40));
      if (count > 0)
        plain += (plain.empty() ? "   " : ", ") + number + " " + std::string{status};
    }
    if (last)
      live.finish(lines, plain);
    else
      live.show(lines, plain);
  };
  wait_until("all jobs have ended", [&] {
    auto depth = depths(queues);
    auto ended = depth["succeeded"] + depth["dead"] + depth["cancelled"];
    draw(depth, ended >= jobs);
    return ended >= jobs;
  });
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - begin);
}

void tour::each_job(const std::string& queue, const std::function<void(const json&)>& use) {
  node().each_page("/jobs", {{"queue", queue}}, 0, [&](const api_answer& page) {
    for (auto& job : page.body["items"].items())
      use(job);
  });
}

} // namespace tutti::services::cli

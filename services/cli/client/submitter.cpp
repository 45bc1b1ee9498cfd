#include "services/cli/client/submitter.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <variant>

namespace tutti::services::cli {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds longest_wait{30s};

http_request request_for(const job_batch& batch, const std::vector<std::size_t>& lines) {
  http_request out;
  out.method = "POST";
  out.path = "/jobs/batch";
  out.content_type = "application/x-ndjson";
  if (lines.size() == batch.lines.size()) {
    out.body = batch.body();
  } else {
    for (auto i : lines)
      out.body.append(batch.lines[i].text) += '\n';
  }
  return out;
}

bool may_pass(int status) {
  return status == 429 || status == 503 || status == 502 || status == 504;
}

} // namespace

std::vector<std::size_t> submitter::take(const job_batch& batch, const std::vector<std::size_t>& lines,
                                         const std::string& body, std::vector<line_answer>& answers) {
  std::vector<std::size_t> again;
  std::string_view rest = body;
  for (auto i : lines) {
    auto end = std::min(rest.find('\n'), rest.size());
    auto text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    auto parsed = json::parse(text);
    if (!parsed || !parsed->is_object())
      throw failure("POST /jobs/batch: the answer has no line for line "
                    + std::to_string(batch.lines[i].number) + " of the jobs");
    auto& out = answers[i];
    out.line = batch.lines[i].number;
    out.text = text;
    out.id = (*parsed)["id"].text();
    out.accepted = !out.id.empty();
    if (out.accepted) {
      out.deduplicated = (*parsed)["deduplicated"].flag();
      continue;
    }
    auto status = static_cast<int>((*parsed)["status"].integer());
    out.problem = problem_text(*parsed, status);
    for (auto& pointer : problem_pointers(*parsed, out.problem))
      out.problem += "; " + pointer;
    if (may_pass(status))
      again.push_back(i);
  }
  return again;
}

std::vector<line_answer> submitter::send(const job_batch& batch) {
  std::vector<line_answer> answers(batch.lines.size());
  std::vector<std::size_t> open(batch.lines.size());
  std::iota(open.begin(), open.end(), std::size_t{0});
  auto give_up = clock::now() + options_.patience;
  auto backoff = 200ms;
  while (!open.empty()) {
    auto request = request_for(batch, open);
    auto outcome = node_.client().send(request);
    std::optional<std::chrono::milliseconds> told;
    failure reason{""};
    if (auto* none = std::get_if<no_answer>(&outcome)) {
      if (none->why == no_answer::kind::interrupted)
        throw interrupted{};
      reason = unreachable(node_.client(), *none);
      if (!reached_ && none->why == no_answer::kind::unreachable)
        throw reason; // most likely a wrong address
    } else {
      auto& answer = std::get<http_answer>(outcome);
      told = answer.retry_after;
      if (answer.fine()) {
        reached_ = true;
        auto before = open.size();
        open = take(batch, open, answer.body, answers);
        if (open.empty())
          break;
        if (open.size() < before) { // it moves
          give_up = clock::now() + options_.patience;
          backoff = 200ms;
        }
        reason = failure(answers[open.front()].problem);
      } else {
        reason = refused(request, answer);
        if (!may_pass(answer.status))
          throw reason;
        reached_ = true;
      }
    }
    auto wait = std::min(told.value_or(backoff), longest_wait);
    backoff = std::min<std::chrono::milliseconds>(backoff * 2, 5s);
    if (clock::now() + wait > give_up)
      throw failure(std::string{reason.what()} + "; gave up after "
                        + std::to_string(options_.patience.count() / 1000) + " s (--patience)",
                    exit_failed, reason.details);
    if (options_.waiting)
      options_.waiting(reason.what());
    for (auto until = clock::now() + wait; clock::now() < until;)
      stop_.pause(std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()));
  }
  return answers;
}

} // namespace tutti::services::cli

#include "actors/http_gateway/batch_submitter.hpp"

#include "actors/http_gateway/admission/answers.hpp"
#include "actors/http_gateway/gateway_actor.hpp"
#include "actors/http_gateway/jobs/submission.hpp"
#include "protocols/http_api/json_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <caf/after.hpp>
#include <caf/event_based_actor.hpp>

namespace tutti::actors::http_gateway {
namespace {

namespace http_api = protocols::http_api;
using namespace runtime::jobs;
using next_portion = caf::atom_constant<caf::atom("next")>;

constexpr std::size_t max_lines = 200000;
constexpr std::size_t portion = 500; ///< jobs in one message, so that other submissions get between them

/// Gives the numbers of the lines that are not blank, from 1, one after the other.
class line_numbers {
public:
  explicit line_numbers(std::string_view text) noexcept : rest_(text) {}
  std::uint32_t next() noexcept {
    for (;;) {
      auto line = rest_.substr(0, rest_.find('\n'));
      rest_.remove_prefix(std::min(rest_.size(), line.size() + 1));
      ++number_;
      if (rest_.empty() || line.find_first_not_of(" \t\r") != line.npos)
        return number_;
    }
  }

private:
  std::string_view rest_;
  std::uint32_t number_ = 0;
};

class batch_submitter final : public runtime::actor::metered {
public:
  batch_submitter(caf::actor_config& cfg, runtime::actor::placement where, std::shared_ptr<http_request> r,
                  caf::actor store, std::shared_ptr<const job_types> types)
      : metered(cfg, std::move(where), "batch-submitter"), request_(std::move(r)), store_(std::move(store)),
        types_(std::move(types)) {}

protected:
  caf::behavior make_behavior() override {
    auto type = request_->find("content-type").value_or("");
    ndjson_ = type.find("ndjson") != std::string_view::npos;
    auto parsed = http_api::parse_batch(
        request_->body, ndjson_ ? http_api::batch_format::ndjson : http_api::batch_format::array, max_lines);
    if (auto* bad = std::get_if<http_api::problem>(&parsed)) {
      request_->reply(answer(std::move(*bad), request_->target));
      return {}; // ends
    }
    auto trace = request_->find("traceparent");
    auto now = wall_now();
    line_numbers numbers{request_->body};
    for (auto& line : std::get<0>(parsed)) {
      auto number = ndjson_ ? numbers.next() : 0;
      auto prefix = ndjson_ ? std::string{} : "/" + std::to_string(lines_.size());
      if (auto* bad = std::get_if<http_api::problem>(&line)) {
        lines_.push_back({std::move(*bad)});
        continue;
      }
      auto made = make_job(*types_, std::get<http_api::submission>(std::move(line)), trace, now, prefix);
      if (auto* bad = std::get_if<http_api::problem>(&made)) {
        lines_.push_back({std::move(*bad)});
        if (ndjson_)
          name_line(*lines_.back().problem, number);
      } else {
        places_.push_back(lines_.size());
        jobs_.push_back(std::get<job_spec>(std::move(made)));
        lines_.push_back({std::nullopt, number});
      }
    }
    request_->body.clear();
    submit_portion();
    return {
        [this](jobs_submitted& done) {
          for (auto& result : done.results) {
            auto place = places_[answered_++];
            lines_[place].result = result;
            judge(place);
          }
          submit_portion();
        },
        caf::after(store_deadline) >> [this] { finish(); }, // what has no answer is reported as unavailable
    };
  }

  void on_exit() override { store_ = nullptr; }

private:
  struct line {
    std::optional<http_api::problem> problem;
    std::uint32_t number = 0; ///< of an NDJSON line; 0: array
    submit_result result{};   ///< unavailable until the store has answered
  };

  /// As the parser begins the details of its own problems.
  static void name_line(http_api::problem& of, std::uint32_t number) {
    of.detail.insert(0, "line " + std::to_string(number) + ": ");
  }

  /// Turns what the store said into the line's problem, where it is one.
  void judge(std::size_t place) {
    auto& l = lines_[place];
    l.problem = submission_problem(l.result);
    if (l.problem && ndjson_)
      name_line(*l.problem, l.number);
    else if (l.problem)
      for (auto& mistake : l.problem->errors)
        mistake.pointer.insert(0, "/" + std::to_string(place));
  }

  void submit_portion() {
    if (sent_ == jobs_.size() || request_->reply.abandoned()) {
      finish();
      return;
    }
    submit_jobs order;
    for (; sent_ < jobs_.size() && order.jobs.size() < portion; ++sent_)
      order.jobs.push_back(std::move(jobs_[sent_]));
    send(store_, std::move(order));
  }

  void finish() {
    for (auto place : places_)
      if (!lines_[place].problem)
        judge(place);
    std::string body;
    for (auto& l : lines_) {
      body += body.empty() ? (ndjson_ ? "" : "[") : (ndjson_ ? "\n" : ",");
      if (l.problem)
        body += http_api::render(*l.problem);
      else
        http_api::json_writer{body}
            .begin_object()
            .member("id", to_string(l.result.id))
            .member("status", to_string(l.result.status))
            .member("deduplicated", l.result.outcome == submitted::duplicate)
            .end_object();
    }
    body += ndjson_ ? (body.empty() ? "" : "\n") : (body.empty() ? "[]" : "]");
    auto out = json(200, std::move(body));
    if (ndjson_)
      out.content_type = "application/x-ndjson";
    request_->reply(std::move(out));
    quit();
  }

  std::shared_ptr<http_request> request_;
  caf::actor store_;
  std::shared_ptr<const job_types> types_;
  std::vector<line> lines_;
  std::vector<job_spec> jobs_;
  std::vector<std::size_t> places_; ///< of each job among the lines
  bool ndjson_ = false;
  std::size_t sent_ = 0, answered_ = 0;
};

} // namespace

void spawn_batch_submitter(runtime::actor::metered& gateway, request&& r, caf::actor store,
                           std::shared_ptr<const job_types> types) {
  runtime::actor::placement at{&gateway.table(), gateway.at().path + "/batch", 0, {}};
  gateway.spawn<batch_submitter>(std::move(at), std::make_shared<http_request>(std::move(r)),
                                 std::move(store), std::move(types));
}

} // namespace tutti::actors::http_gateway

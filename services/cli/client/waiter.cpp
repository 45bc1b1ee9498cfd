#include "services/cli/client/waiter.hpp"

#include <algorithm>
#include <variant>

namespace tutti::services::cli {
namespace {

constexpr std::size_t losses_kept = 100;

bool is_final(std::string_view status) {
  return status == "succeeded" || status == "dead" || status == "cancelled" || status == "forgotten";
}

} // namespace

void waiter::add(const std::string& id) {
  if (known_.insert(id).second)
    open_.push_back(id);
}

bool waiter::look(std::size_t at_most) {
  bool any = false;
  for (auto n = std::min(at_most, open_.size()); n > 0; --n) {
    http_request request;
    request.path = "/jobs/" + percent_encoded(open_.front());
    auto answer = node_.ask(request);
    auto status = answer.status == 404 ? "forgotten" : answer.body["status"].text();
    if (answer.status == 429 || answer.status == 503)
      return any; // busy: ask again later
    if (answer.status != 200 && answer.status != 404)
      throw failure("GET " + request.path + ": " + problem_text(answer.body, answer.status));
    auto id = std::move(open_.front());
    open_.pop_front();
    if (!is_final(status)) {
      open_.push_back(std::move(id));
      continue;
    }
    any = true;
    ++ended_[status];
    if (status != "succeeded" && losses_.size() < losses_kept)
      losses_.push_back({std::move(id), status, answer.body["error"]["message"].text()});
  }
  return any;
}

} // namespace tutti::services::cli

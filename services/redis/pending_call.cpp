#include "services/redis/pending_call.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace tutti::services::redis {

pending_call::pending_call(command_batch batch, clock::time_point deadline, completion done)
    : batch_(std::move(batch)), cost_(batch_.bytes().size()), deadline_(deadline), done_(std::move(done)) {}

void pending_call::write_to(std::string& out, clock::time_point now) {
  written_ = now;
  if (!repeating_) {
    out += batch_.bytes();
    if (batch_.script_calls().empty())
      batch_.drop_bytes();
    return;
  }
  command_batch again;
  std::set<std::string_view> loaded;
  auto& calls = batch_.script_calls();
  for (auto i : unknown_scripts_)
    if (loaded.insert(calls[i].what.sha1()).second)
      again.add("SCRIPT", "LOAD", calls[i].what.source());
  loads_ = loaded.size();
  out += again.bytes();
  for (auto i : unknown_scripts_)
    out.append(batch_.bytes(), calls[i].begin, calls[i].end - calls[i].begin);
}

bool pending_call::take(reply&& answer) {
  if (repeating_)
    return take_repeated(std::move(answer));
  auto index = received_++;
  if (!settled()) {
    if (index == 0)
      replies_.reserve(batch_.size());
    if (answer.is_error("NOSCRIPT") && note_unknown_script(index))
      answer = reply{};
    replies_.push_back(std::move(answer));
  }
  return received_ == batch_.size();
}

bool pending_call::note_unknown_script(std::size_t index) {
  auto& calls = batch_.script_calls();
  auto found = std::lower_bound(calls.begin(), calls.end(), index,
                                [](auto& call, std::size_t wanted) { return call.index < wanted; });
  if (found == calls.end() || found->index != index)
    return false;
  unknown_scripts_.push_back(static_cast<std::size_t>(found - calls.begin()));
  return true;
}

void pending_call::begin_repeat() {
  repeating_ = true;
}

bool pending_call::take_repeated(reply&& answer) {
  if (loads_ > 0) {
    --loads_;
    if (answer.is_error())
      load_error_ = std::move(answer);
    return false;
  }
  if (answer.is_error("NOSCRIPT") && load_error_.is_error())
    answer = load_error_; // says more
  if (!settled())
    replies_[batch_.script_calls()[unknown_scripts_[repeated_]].index] = std::move(answer);
  if (++repeated_ < unknown_scripts_.size())
    return false;
  unknown_scripts_.clear();
  return true;
}

std::pair<completion, batch_result> pending_call::settle(outcome lost, std::string reason) {
  replies_.resize(batch_.size());
  return {std::exchange(done_, nullptr), {std::move(replies_), lost, std::move(reason)}};
}

} // namespace tutti::services::redis

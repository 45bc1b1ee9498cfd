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
  if (!repeating_.empty())
    return write_repeated(out);
  out += batch_.bytes();
  if (batch_.script_calls().empty())
    batch_.drop_bytes();
}

void pending_call::write_repeated(std::string& out) const {
  auto& bytes = batch_.bytes();
  std::set<std::string_view> with_source;
  for (auto i : repeating_) {
    auto& call = batch_.script_calls()[i];
    if (!with_source.insert(call.what.sha1()).second) {
      out.append(bytes, call.begin, call.end - call.begin);
      continue;
    }
    auto source = call.what.source();
    out.append(bytes, call.begin, call.name - call.begin);
    out.append("$4\r\nEVAL\r\n$").append(std::to_string(source.size())).append("\r\n");
    out.append(source).append("\r\n").append(bytes, call.rest, call.end - call.rest);
  }
}

bool pending_call::take(reply&& answer) {
  if (!repeating_.empty())
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
  repeating_ = std::exchange(unknown_scripts_, {});
  repeated_ = 0;
}

bool pending_call::take_repeated(reply&& answer) {
  auto call = repeating_[repeated_++];
  if (answer.is_error("NOSCRIPT"))
    unknown_scripts_.push_back(call);
  else if (!settled())
    replies_[batch_.script_calls()[call].index] = std::move(answer);
  return repeated_ == repeating_.size();
}

std::pair<completion, batch_result> pending_call::settle(outcome lost, std::string reason) {
  replies_.resize(batch_.size());
  return {std::exchange(done_, nullptr), {std::move(replies_), lost, std::move(reason)}};
}

} // namespace tutti::services::redis

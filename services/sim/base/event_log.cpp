#include "services/sim/base/event_log.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::sim {

void event_log::add(std::string_view service, std::string_view event, const json& fields) {
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - began_).count();
  json::object all{{"id", first_ + events_.size()}, {"ms", ms}, {"service", service}, {"event", event}};
  all.insert(all.end(), fields.members().begin(), fields.members().end());
  events_.push_back(json{std::move(all)}.dump());
  bytes_ += events_.back().size();
  while (events_.size() > max_events || bytes_ > max_bytes) {
    bytes_ -= events_.front().size();
    events_.pop_front();
    ++first_;
  }
}

void event_log::breach(std::string_view service, std::string_view kind, json fields) {
  auto found = breaches_.find(kind);
  if (found == breaches_.end())
    found = breaches_.emplace(kind, 0).first;
  ++found->second;
  fields.set("kind", kind);
  add(service, "breach", fields);
}

std::string event_log::since(std::uint64_t id, std::size_t limit) const {
  auto from = std::clamp<std::uint64_t>(id, first_, first_ + events_.size());
  auto lost = from - std::max<std::uint64_t>(std::min(id, from), 1);
  std::string out = "{\"events\":[";
  for (; limit > 0 && from < first_ + events_.size(); --limit, ++from) {
    if (out.back() != '[')
      out += ',';
    out += events_[from - first_];
  }
  return out + "],\"next\":" + std::to_string(from) + ",\"lost\":" + std::to_string(lost) + "}";
}

json event_log::breaches() const {
  json::object out;
  for (auto& [kind, count] : breaches_)
    out.emplace_back(kind, count);
  return out;
}

} // namespace tutti::services::sim

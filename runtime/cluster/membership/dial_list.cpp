#include "runtime/cluster/membership/dial_list.hpp"

#include <algorithm>

namespace tutti::runtime::cluster {

dial_list::entry& dial_list::entry_for(const node_address& to, time now) {
  auto [i, fresh] = entries_.try_emplace(to);
  if (fresh)
    i->second.at = now;
  return i->second;
}

void dial_list::replace(const std::set<node_address>& named, time now) {
  for (auto& to : named)
    entry_for(to, now);
  std::erase_if(entries_, [&](auto& e) {
    return !e.second.for_ever && !e.second.under_way && e.second.peer.empty() && named.count(e.first) == 0;
  });
}

std::vector<node_address> dial_list::due(time now) {
  std::vector<node_address> out;
  for (auto& [to, e] : entries_)
    if (e.peer.empty() && !e.under_way && e.at <= now) {
      e.under_way = true;
      out.push_back(to);
    }
  return out;
}

std::optional<dial_list::time> dial_list::next() const {
  std::optional<time> out;
  for (auto& [to, e] : entries_)
    if (e.peer.empty() && !e.under_way)
      out = out ? std::min(*out, e.at) : e.at;
  return out;
}

void dial_list::connected(const node_address& to, const std::string& peer, time now) {
  auto& e = entry_for(to, now);
  e.peer = peer;
  e.under_way = false;
  e.failures = 0;
}

void dial_list::failed(const node_address& to, time now) {
  auto i = entries_.find(to);
  if (i == entries_.end())
    return;
  auto& e = i->second;
  e.under_way = false;
  e.at = now + wait(e.failures++);
}

void dial_list::lost(const std::string& peer, time now) {
  for (auto& [to, e] : entries_)
    if (e.peer == peer) {
      e.peer.clear();
      e.at = now;
    }
}

std::chrono::milliseconds dial_list::wait(unsigned failures) {
  auto most = std::min(first_wait * (1 << std::min(failures, 5U)), longest_wait);
  auto least = std::max(first_wait, most / 2);
  return std::chrono::milliseconds{
      std::uniform_int_distribution<std::chrono::milliseconds::rep>{least.count(), most.count()}(random_)};
}

} // namespace tutti::runtime::cluster

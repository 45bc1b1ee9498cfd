#include "runtime/cluster/membership/peer_table.hpp"

namespace tutti::runtime::cluster {
namespace {

constexpr std::chrono::minutes gate_interval{1};
constexpr std::size_t gate_texts = 100; ///< in one interval

} // namespace

peer* peer_table::find(const std::string& name) {
  auto i = peers_.find(name);
  return i == peers_.end() ? nullptr : &i->second;
}

peer* peer_table::find(const caf::actor_addr& membership) {
  for (auto& [name, p] : peers_)
    if (p.membership == membership)
      return &p;
  return nullptr;
}

bool log_gate::opens(const std::string& text, time now) {
  std::erase_if(last_, [&](auto& e) { return now - e.second >= gate_interval; });
  return last_.size() < gate_texts && last_.emplace(text, now).second;
}

} // namespace tutti::runtime::cluster

#include "runtime/cluster/placement/plan_words.hpp"

#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace tutti::runtime::cluster {
namespace {

/// What is said in one sentence.
struct move_group {
  lease_holder from; ///< lost and leaving
  std::size_t moved = 0, orphaned = 0;
  std::set<std::string> sources, targets, orphaned_roles;
};

std::string list_names(const std::set<std::string>& names) {
  std::string out;
  std::size_t left = 10;
  for (auto& name : names) {
    if (left-- == 0)
      return out + " and " + std::to_string(names.size() - 10) + " more";
    out += out.empty() ? name : ", " + name;
  }
  return out;
}

std::string count_partitions(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " partition" : " partitions");
}

std::string sentence(move_reason why, const move_group& g, const std::string& why_lost) {
  auto moved = count_partitions(g.moved) + " moved";
  auto to = " to " + list_names(g.targets);
  std::string out;
  switch (why) {
  case move_reason::unowned:
    return count_partitions(g.moved) + " that nobody had went" + to;
  case move_reason::balance:
    return moved + " from " + list_names(g.sources) + to + ", which had less";
  case move_reason::leaving:
    return g.from.node + " is leaving; " + moved + to;
  case move_reason::lost:
    out = g.from.node + " was lost (" + why_lost + ")";
    if (g.moved > 0)
      out += "; " + moved + to;
    if (g.orphaned > 0)
      out += "; " + count_partitions(g.orphaned)
             + " without an owner, as no other member has the role: " + list_names(g.orphaned_roles);
    return out;
  }
  return out;
}

} // namespace

std::vector<std::string> describe_moves(const std::vector<planned_move>& moves,
                                        const std::function<std::string(const lease_holder&)>& why_lost) {
  std::map<std::tuple<move_reason, std::string, std::uint64_t>, move_group> groups;
  for (auto& m : moves) {
    bool by_owner = m.why == move_reason::lost || m.why == move_reason::leaving;
    auto& g = groups[{m.why, by_owner ? m.from.node : "", by_owner ? m.from.incarnation : 0}];
    g.from = m.from;
    g.sources.insert(m.from.node);
    if (m.to.node.empty()) {
      ++g.orphaned;
      g.orphaned_roles.insert(m.role);
    } else {
      ++g.moved;
      g.targets.insert(m.to.node);
    }
  }
  std::vector<std::string> out;
  for (auto& [key, g] : groups)
    out.push_back(
        sentence(std::get<0>(key), g, std::get<0>(key) == move_reason::lost ? why_lost(g.from) : ""));
  return out;
}

} // namespace tutti::runtime::cluster

#include "runtime/cluster/placement/member_watch.hpp"

#include <algorithm>

namespace tutti::runtime::cluster {
namespace {

bool lives(const member& m) {
  return m.state == member_state::up || m.state == member_state::leaving;
}

} // namespace

void member_watch::update(std::vector<member> members, time now) {
  members_ = std::move(members);
  living_ = static_cast<std::size_t>(std::count_if(members_.begin(), members_.end(), lives));
  reached_ = static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(), [this](auto& m) { return lives(m) && reaches(m); }));
  bool was_cut_off = cut_off_since_.has_value();
  if (reached_ * 2 >= living_)
    cut_off_since_.reset();
  else if (!was_cut_off)
    cut_off_since_ = now;
  std::map<std::string, time> since;
  for (auto& m : members_) {
    if (!lives(m) || reaches(m))
      continue;
    auto before = unreachable_since_.find(m.info.name);
    since[m.info.name] = before == unreachable_since_.end() || was_cut_off ? now : before->second;
  }
  unreachable_since_ = std::move(since);
}

const member* member_watch::find(const std::string& node) const {
  auto i = std::find_if(members_.begin(), members_.end(), [&](auto& m) { return m.info.name == node; });
  return i == members_.end() ? nullptr : &*i;
}

bool member_watch::given_up(const member& m, time now) const {
  auto since = unreachable_since_.find(m.info.name);
  return since != unreachable_since_.end() && !cut_off_since_ && now - since->second > patience_;
}

std::map<std::string, std::vector<candidate>> member_watch::candidates(time now) const {
  std::map<std::string, std::vector<candidate>> out;
  for (auto& m : members_)
    if (lives(m) && !given_up(m, now))
      for (auto& role : m.info.roles)
        out[role].push_back({m.info.holder(), m.state == member_state::leaving});
  return out;
}

member_watch::standing member_watch::of(const lease_holder& holder, time now) const {
  auto* m = find(holder.node);
  if (m == nullptr || m->info.holder() != holder || m->state == member_state::joining)
    return standing::unclear;
  return m->state == member_state::down || given_up(*m, now) ? standing::gone : standing::candidate;
}

std::string member_watch::why_gone(const lease_holder& holder, time now) const {
  auto* m = find(holder.node);
  if (m == nullptr)
    return "it is no member";
  if (m->info.holder() != holder)
    return "it was started anew";
  if (m->state == member_state::down && !m->why.empty())
    return m->why;
  if (given_up(*m, now))
    return "it cannot be reached";
  return "its lease ended";
}

std::string member_watch::reached() const {
  return std::to_string(reached_) + " of " + std::to_string(living_) + " members";
}

} // namespace tutti::runtime::cluster

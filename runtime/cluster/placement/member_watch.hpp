#pragma once
#include "runtime/cluster/membership/member.hpp"
#include "runtime/cluster/placement/placement.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tutti::runtime::cluster {

/// Which members may own partitions, as one node sees it.
///
/// A member whose lease is held but that this node cannot reach for longer than `patience` is treated as
/// lost, until it is reachable again. Unless this node reaches fewer than half of the members that live,
/// itself included: then it is more likely the one that is cut off, and judges nobody. Just half is enough,
/// or of two nodes that cannot reach each other neither could ever act; the lease of the coordinator, which
/// only one has, decides between them. When a node is no longer cut off, the others' time begins anew.
class member_watch {
public:
  using time = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  member_watch(lease_holder self, duration patience) : self_(std::move(self)), patience_(patience) {}

  void update(std::vector<member> members, time now);

  bool knows_any() const noexcept { return !members_.empty(); }
  bool knows(const std::string& node) const { return find(node) != nullptr; }
  /// Those that are up or leaving and not given up, by role.
  std::map<std::string, std::vector<candidate>> candidates(time now) const;

  enum class standing {
    candidate,
    gone,
    unclear ///< ask the lease store: this node may not know the latest
  };
  standing of(const lease_holder& holder, time now) const;
  /// Why it is gone, for people.
  std::string why_gone(const lease_holder& holder, time now) const;

  /// Since when this node has reached fewer than half of the members.
  std::optional<time> cut_off_since() const noexcept { return cut_off_since_; }
  /// "1 of 3 members"
  std::string reached() const;

private:
  const member* find(const std::string& node) const;
  bool given_up(const member& m, time now) const;
  bool reaches(const member& m) const { return m.reachable || m.info.holder() == self_; }

  lease_holder self_;
  duration patience_;
  std::vector<member> members_;
  std::map<std::string, time> unreachable_since_; ///< by node; of members that live
  std::optional<time> cut_off_since_;
  std::size_t living_ = 0, reached_ = 0;
};

} // namespace tutti::runtime::cluster

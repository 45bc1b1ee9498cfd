#pragma once
#include "runtime/cluster/leases/lease.hpp"
#include "runtime/cluster/membership/member.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <caf/expected.hpp>

namespace tutti::runtime::cluster {

/// The value of a lease member/NAME.
struct member_note {
  member_info info;
  bool leaving = false;
  std::int64_t since_ms = 0; ///< Unix time: up, or leaving
};
template <class F>
void fields(F& f, member_note& x) {
  f("info", x.info);
  f("leaving", x.leaving);
  f("since_ms", x.since_ms);
}

/// The value of a lease member-down/NAME, which nobody renews: stores keep values for ever. That life of the
/// node is over, whatever it says itself.
struct death_note {
  std::uint64_t incarnation = 0;
};
template <class F>
void fields(F& f, death_note& x) {
  f("incarnation", x.incarnation);
}

/// One node's view of all members, from leases and connections.
class roster {
public:
  using time = std::chrono::system_clock::time_point;
  static constexpr std::chrono::hours forget_after{1}; ///< of being down

  explicit roster(member_note self) : self_(std::move(self)) {}

  /// This node's own state; its lease is known better here than in the store.
  void set_self(const member_note& note, bool held);
  /// All leases member/… and member-down/…
  void take_leases(const std::vector<lease_state>& leases);
  /// The connection to a peer, as long as it stands.
  void set_link(const member_info& peer, bool reachable);
  void drop_link(const std::string& peer);
  /// The life of that node that may be declared dead. Errors: not_found, conflict (it is not down).
  caf::expected<std::uint64_t> lost_life(const std::string& name) const;
  bool declared_dead(const member_info& who) const;

  /// Draws the conclusions; true: members() is another list now.
  bool refresh(time now);
  const std::vector<member>& members() const noexcept { return members_; }

private:
  struct link {
    member_info info;
    bool reachable = false;
  };
  struct entry {
    std::optional<member_note> note; ///< of the present or latest holder
    bool held = false;
    bool released = false;
    std::optional<link> connection;
    std::optional<member> shown; ///< latest conclusion
  };
  std::optional<member> conclude(const entry& e) const;
  member own() const;

  member_note self_;
  bool self_held_ = false;
  bool self_had_ = false;
  std::map<std::string, entry> entries_;        ///< without this node
  std::map<std::string, std::uint64_t> deaths_; ///< declared; by node, the incarnation
  std::vector<member> members_;
  std::optional<member> self_shown_;
};

} // namespace tutti::runtime::cluster

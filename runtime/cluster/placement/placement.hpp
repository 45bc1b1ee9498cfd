#pragma once
#include "runtime/cluster/leases/table.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who is to own which partition: a pure function of the table and the members.
namespace tutti::runtime::cluster {

/// Moves of one role that may be under way at a time between members that live.
inline constexpr std::size_t max_live_moves = 32;

/// A member that may own partitions of a role.
struct candidate {
  lease_holder holder;
  bool leaving = false; ///< keeps what it has until that has moved, gets nothing new
  friend bool operator==(const candidate&, const candidate&) = default;
};

struct placement_order {
  std::map<std::string, std::vector<candidate>> roles; ///< no node twice in one
  std::uint32_t partitions = 256;                      ///< of each role
  std::uint64_t epoch = 1;                             ///< of the entries that change
  std::size_t live_moves = max_live_moves;             ///< at a time, per role
  /// Per role, how many partitions have not arrived yet: they count as moves under way.
  std::map<std::string, std::size_t> in_transit;
};

enum class move_reason : std::uint8_t {
  unowned, ///< nobody had it
  lost,    ///< its owner is no candidate any more
  leaving, ///< its owner is
  balance  ///< its owner had more than its share
};
std::string_view to_string(move_reason reason) noexcept;

struct planned_move {
  std::string role;
  std::uint32_t partition = 0;
  lease_holder from; ///< nobody: unowned
  lease_holder to;   ///< nobody: no candidate may take it
  move_reason why = move_reason::unowned;
};

struct placement_plan {
  std::vector<table_entry> entries; ///< all, by role and partition
  std::vector<planned_move> moves;  ///< what differs from the table
  std::size_t waiting = 0;          ///< moves between members that live, put off until others have arrived
};

/// Owners stay. When nothing waits, each member has ⌊partitions/members⌋ or ⌈partitions/members⌉ of each
/// role, and no plan with fewer moves would do that; of those, members that have less in other roles come
/// first. A partition whose owner is gone moves at once, and a role's loss moves nothing else. Without a
/// candidate that may take it, a partition is left out of the table.
///
/// The same table and order give the same plan. Entries of other roles or beyond `partitions` are dropped.
placement_plan plan(const partition_table& current, const placement_order& order);

struct drain_share {
  std::string role;
  std::string to; ///< node; empty: no other member has the role, these stay until the node ends
  std::size_t partitions = 0;
};
/// Where a member's partitions would go if it left, by role and target. Nothing when it is no candidate.
std::optional<std::vector<drain_share>> shares_of_drain(const partition_table& current, placement_order order,
                                                        const std::string& node);

/// Whether `b` was written before `a`: by an earlier coordinator, or by the same one with an earlier grant of
/// a partition. Versions cannot tell, and a store that lost the end of its log goes back.
bool is_older(const partition_table& b, const partition_table& a);

/// Greater than the epoch of any entry.
std::uint64_t next_entry_epoch(const partition_table& table, std::uint64_t coordinator_epoch);

} // namespace tutti::runtime::cluster

#include "runtime/cluster/placement/placement.hpp"

#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace tutti::tests::placement {
namespace {

using namespace runtime::cluster;

/// A cluster whose members come, leave and are lost at random.
class random_cluster {
public:
  explicit random_cluster(std::uint64_t seed)
      : random_(seed), partitions_(pick(1, 300)), live_moves_(pick(1, 40)) {}

  std::size_t pick(std::size_t least, std::size_t most) {
    return std::uniform_int_distribution<std::size_t>{least, most}(random_);
  }

  void change() {
    switch (pick(0, 5)) {
    case 0:
    case 1:
      return join();
    case 2:
      return drop();
    case 3: // all but a few
      for (auto n = members_.size() / 2; n > 0; --n)
        drop();
      return;
    case 4:
      if (!members_.empty())
        members_[pick(0, members_.size() - 1)].leaving = true;
      return;
    default:
      if (!members_.empty())
        members_[pick(0, members_.size() - 1)].leaving = false;
    }
  }

  placement_order order(bool arrived) {
    placement_order out;
    out.partitions = static_cast<std::uint32_t>(partitions_);
    out.epoch = ++epoch_;
    out.live_moves = live_moves_;
    for (auto* role : {"r1", "r2", "r3"}) {
      out.roles[role];
      if (!arrived)
        out.in_transit[role] = pick(0, live_moves_ + 1);
    }
    for (auto& m : members_)
      for (auto& role : m.roles)
        out.roles[role].push_back({m.holder, m.leaving});
    for (auto& [role, members] : out.roles)
      std::shuffle(members.begin(), members.end(), random_);
    return out;
  }

private:
  struct node {
    lease_holder holder;
    std::set<std::string> roles;
    bool leaving = false;
  };

  void join() {
    node n{{"n" + std::to_string(pick(0, 20)), ++incarnation_}, {}, false};
    for (auto* role : {"r1", "r2", "r3"})
      if (pick(0, 3) > 0)
        n.roles.insert(role);
    std::erase_if(members_, [&](auto& m) { return m.holder.node == n.holder.node; });
    members_.push_back(std::move(n));
  }
  void drop() {
    if (!members_.empty())
      members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(pick(0, members_.size() - 1)));
  }

  std::minstd_rand random_;
  std::size_t partitions_, live_moves_;
  std::uint64_t epoch_ = 0, incarnation_ = 0;
  std::vector<node> members_;
};

using owners = std::map<std::uint32_t, table_entry>;
owners owners_of(const std::vector<table_entry>& entries, const std::string& role) {
  owners out;
  for (auto& e : entries)
    if (e.role == role && !out.emplace(e.partition, e).second)
      ADD_FAILURE() << "twice: " << role << '/' << e.partition;
  return out;
}

std::size_t has(const owners& all, const lease_holder& who) {
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](auto& x) { return x.second.owner == who; }));
}

/// The fewest moves from where `before` has them to an even spread over `takers`: what is not theirs, and
/// what they have beyond their shares when those that have more than the rest get the bigger shares.
std::size_t fewest_moves(const owners& before, const std::vector<candidate>& members,
                         std::size_t partitions) {
  std::vector<std::size_t> had;
  for (auto& m : members)
    if (!m.leaving)
      had.push_back(has(before, m.holder));
  if (had.empty())
    return 0;
  std::sort(had.rbegin(), had.rend());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < had.size(); ++i)
    kept += std::min(had[i], partitions / had.size() + (i < partitions % had.size() ? 1 : 0));
  return partitions - kept;
}

void check_role(const placement_order& order, const std::string& role, const partition_table& table,
                const placement_plan& made) {
  auto& members = order.roles.at(role);
  auto before = owners_of(table.entries, role), after = owners_of(made.entries, role);
  auto is_candidate = [&](const lease_holder& h) {
    return std::any_of(members.begin(), members.end(), [&](auto& m) { return m.holder == h; });
  };
  std::size_t live = 0, moves = 0;
  for (auto& m : made.moves) {
    if (m.role != role)
      continue;
    ++moves;
    auto was = before.find(m.partition);
    ASSERT_EQ(m.from, was == before.end() ? lease_holder{} : was->second.owner);
    bool from_living = is_candidate(m.from);
    live += from_living ? 1 : 0;
    EXPECT_EQ(from_living, m.why == move_reason::leaving || m.why == move_reason::balance);
    auto now = after.find(m.partition);
    ASSERT_EQ(m.to, now == after.end() ? lease_holder{} : now->second.owner);
    EXPECT_TRUE(now == after.end() || now->second.epoch == order.epoch);
  }
  auto transit = order.in_transit.count(role) != 0 ? order.in_transit.at(role) : 0;
  EXPECT_LE(live, order.live_moves - std::min(order.live_moves, transit));
  std::size_t changed = 0, takers = 0;
  for (std::uint32_t p = 0; p < order.partitions; ++p) {
    auto was = before.find(p), now = after.find(p);
    bool same =
        (was == before.end()) == (now == after.end()) && (was == before.end() || was->second == now->second);
    changed += same ? 0 : 1;
    EXPECT_TRUE(now == after.end() || is_candidate(now->second.owner));
  }
  EXPECT_EQ(changed, moves);
  for (auto& m : members)
    takers += m.leaving ? 0 : 1;
  for (auto& m : members) {
    auto had = has(before, m.holder), got = has(after, m.holder);
    EXPECT_LE(got, m.leaving ? had : std::max(had, (order.partitions + takers - 1) / takers));
  }
  EXPECT_TRUE(takers == 0 || after.size() == order.partitions);
}

TEST(Placement,
     GivenRandomClustersWhenTheyChangeThenEveryPlanKeepsTheRulesAndTheLastIsEvenWithTheFewestMoves) {
  auto seed = std::random_device{}();
  for (std::uint64_t run = 0; run < 150 && !testing::Test::HasFailure(); ++run) {
    SCOPED_TRACE("seed " + std::to_string(seed + run));
    random_cluster cluster{seed + run};
    partition_table table;
    for (int changes = 0; changes < 12 && !testing::Test::HasFailure(); ++changes) {
      cluster.change();
      auto first = cluster.order(true);
      std::map<std::string, owners> began;
      for (auto& [role, members] : first.roles)
        began[role] = owners_of(table.entries, role);
      std::map<std::string, std::size_t> moved;
      bool even = false;
      for (int round = 0; round < 2000 && !even && !testing::Test::HasFailure(); ++round) {
        auto order = cluster.order(round % 2 == 0);
        auto made = plan(table, order);
        EXPECT_EQ(plan(table, order).entries, made.entries);
        for (auto& [role, members] : order.roles)
          check_role(order, role, table, made);
        for (auto& m : made.moves)
          ++moved[m.role];
        even = made.moves.empty() && made.waiting == 0;
        EXPECT_FALSE(made.moves.empty() && made.waiting > 0 && order.in_transit.empty()) << "it is stuck";
        table = {table.version + 1, 1, std::move(made.entries)};
      }
      ASSERT_TRUE(even);
      for (auto& [role, members] : first.roles) {
        auto now = owners_of(table.entries, role);
        std::size_t least = first.partitions, most = 0;
        bool any = false;
        for (auto& m : members) {
          if (m.leaving)
            continue;
          any = true;
          least = std::min(least, has(now, m.holder));
          most = std::max(most, has(now, m.holder));
        }
        if (!any)
          continue;
        EXPECT_LE(most - least, 1u);
        EXPECT_EQ(moved[role], fewest_moves(began[role], members, first.partitions));
      }
    }
  }
}

TEST(Placement, GivenRolesThatAllMembersHaveWhenPlacedAnewThenTheTotalsAreEvenToo) {
  for (std::size_t members = 1; members <= 12; ++members)
    for (std::uint32_t partitions : {1U, 7U, 64U, 256U}) {
      placement_order order;
      order.partitions = partitions;
      for (auto* role : {"api", "shard", "audio", "spotify", "worker", "crawler"})
        for (std::size_t m = 0; m < members; ++m)
          order.roles[role].push_back({{"n" + std::to_string(m), 1}, false});
      std::map<std::string, std::size_t> totals;
      for (auto& e : plan({}, order).entries)
        ++totals[e.owner.node];
      auto [least, most] = std::minmax_element(totals.begin(), totals.end(),
                                               [](auto& a, auto& b) { return a.second < b.second; });
      EXPECT_LE(most->second - (totals.size() < members ? 0 : least->second), 1u)
          << members << " members, " << partitions << " partitions";
    }
}

} // namespace
} // namespace tutti::tests::placement

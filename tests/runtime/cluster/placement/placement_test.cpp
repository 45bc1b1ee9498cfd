#include "runtime/cluster/placement/placement.hpp"
#include "runtime/cluster/placement/plan_words.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::tests::placement {
namespace {

using namespace runtime::cluster;

placement_order order_of(const std::vector<candidate>& members, std::uint32_t partitions,
                         const std::vector<std::string>& roles = {"worker"}) {
  placement_order out;
  out.partitions = partitions;
  out.live_moves = max_table_entries;
  for (auto& role : roles)
    out.roles[role] = members;
  return out;
}

candidate up(const std::string& node) {
  return {{node, 1}, false};
}

partition_table table_of(placement_plan made) {
  return {1, 1, std::move(made.entries)};
}

std::map<std::string, std::size_t> counts(const std::vector<table_entry>& entries) {
  std::map<std::string, std::size_t> out;
  for (auto& e : entries)
    ++out[e.owner.node];
  return out;
}

using count_map = std::map<std::string, std::size_t>;

TEST(Placement, GivenNoTableWhenPlannedThenEachMemberHasItsShareOfAllRoles) {
  auto made = plan({}, order_of({up("c"), up("a"), up("b")}, 256, {"api", "audio", "worker"}));
  EXPECT_EQ(made.entries.size(), 768u);
  EXPECT_EQ(counts(made.entries), (count_map{{"a", 256}, {"b", 256}, {"c", 256}}))
      << "85, 85 and 86 of each role, the 86 to another one each time";
  EXPECT_EQ(made.moves.size(), 768u);
  EXPECT_EQ(made.moves.front().why, move_reason::unowned);
}

TEST(Placement, GivenPlanWhenPlannedAgainThenNothingMoves) {
  auto order = order_of({up("a"), up("b"), up("c")}, 256);
  auto table = table_of(plan({}, order));
  order.epoch = 77;
  auto again = plan(table, order);
  EXPECT_TRUE(again.moves.empty());
  EXPECT_EQ(again.entries, table.entries);
}

TEST(Placement, GivenJoinWhenPlannedThenTheFewestMove) {
  auto table = table_of(plan({}, order_of({up("a"), up("b"), up("c")}, 256)));
  auto order = order_of({up("a"), up("b"), up("c"), up("d")}, 256);
  order.epoch = 9;
  auto made = plan(table, order);
  EXPECT_EQ(made.moves.size(), 64u);
  for (auto& m : made.moves) {
    EXPECT_EQ(m.to.node, "d");
    EXPECT_EQ(m.why, move_reason::balance);
  }
  EXPECT_EQ(counts(made.entries), (count_map{{"a", 64}, {"b", 64}, {"c", 64}, {"d", 64}}));
  for (auto& e : made.entries)
    EXPECT_EQ(e.epoch, e.owner.node == "d" ? 9u : 1u);
}

TEST(Placement, GivenLossWhenPlannedThenOnlyItsPartitionsMoveAndAtOnce) {
  auto table = table_of(plan({}, order_of({up("a"), up("b"), up("c")}, 256)));
  auto order = order_of({up("a"), up("c")}, 256);
  order.live_moves = 0;
  auto made = plan(table, order);
  EXPECT_EQ(made.moves.size(), counts(table.entries).at("b"));
  for (auto& m : made.moves) {
    EXPECT_EQ(m.from.node, "b");
    EXPECT_EQ(m.why, move_reason::lost);
  }
  EXPECT_EQ(counts(made.entries), (count_map{{"a", 128}, {"c", 128}}));
}

TEST(Placement, GivenAnotherIncarnationWhenPlannedThenThePartitionsAreNotItsOwn) {
  auto table = table_of(plan({}, order_of({up("a")}, 4)));
  auto made = plan(table, order_of({{{"a", 2}, false}}, 4));
  ASSERT_EQ(made.moves.size(), 4u);
  EXPECT_EQ(made.moves[0].from, (lease_holder{"a", 1}));
  EXPECT_EQ(made.moves[0].to, (lease_holder{"a", 2}));
}

TEST(Placement, GivenLeavingMemberWhenPlannedThenABoundedNumberMovesAndTheRestWaits) {
  auto table = table_of(plan({}, order_of({up("a"), up("b")}, 256)));
  auto order = order_of({up("a"), {{"b", 1}, true}}, 256);
  order.live_moves = 32;
  auto made = plan(table, order);
  EXPECT_EQ(made.moves.size(), 32u);
  EXPECT_EQ(made.waiting, 96u);
  EXPECT_EQ(made.moves.front().why, move_reason::leaving);
  EXPECT_EQ(counts(made.entries), (count_map{{"a", 160}, {"b", 96}}));

  order.in_transit["worker"] = 30;
  made = plan(table, order);
  EXPECT_EQ(made.moves.size(), 2u);
  order.in_transit["worker"] = 40;
  EXPECT_TRUE(plan(table, order).moves.empty());
}

TEST(Placement, GivenOnlyLeavingMembersWhenPlannedThenTheyKeepWhatTheyHaveAndGetNothing) {
  auto table = table_of(plan({}, order_of({up("a"), up("b")}, 8)));
  auto made = plan(table, order_of({{{"b", 1}, true}}, 8));
  EXPECT_EQ(counts(made.entries), (count_map{{"b", 4}}));
  EXPECT_EQ(made.moves.size(), 4u);
  EXPECT_EQ(made.moves[0].to, lease_holder{});
}

TEST(Placement, GivenRoleWithoutMembersWhenPlannedThenItHasNoEntries) {
  auto table = table_of(plan({}, order_of({up("a")}, 8)));
  auto made = plan(table, order_of({}, 8));
  EXPECT_TRUE(made.entries.empty());
  EXPECT_EQ(made.moves.size(), 8u);
  EXPECT_TRUE(plan({}, order_of({}, 8)).moves.empty());
}

TEST(Placement, GivenEntriesBeyondThePartitionsOrOfOtherRolesWhenPlannedThenTheyAreDropped) {
  partition_table table{
      1, 1, {{"worker", 3, {"a", 1}, 1}, {"worker", 4, {"a", 1}, 1}, {"old", 0, {"a", 1}, 1}}};
  auto made = plan(table, order_of({up("a")}, 4));
  EXPECT_EQ(made.entries.size(), 4u);
  EXPECT_EQ(made.entries.back(), (table_entry{"worker", 3, {"a", 1}, 1}));
}

TEST(Placement, GivenTwoTablesThenTheOneWithAnEarlierCoordinatorOrGrantIsOlder) {
  partition_table a{7, 5, {{"r", 0, {"a", 1}, 10}, {"r", 1, {"a", 1}, 10}}};
  auto b = a;
  b.version = 3;
  EXPECT_FALSE(is_older(b, a));
  b.entries[1].epoch = 9;
  EXPECT_TRUE(is_older(b, a));
  EXPECT_FALSE(is_older(a, b));
  b.epoch = 6;
  EXPECT_FALSE(is_older(b, a)) << "a later coordinator has the last word";
  EXPECT_TRUE(is_older(a, b));
  EXPECT_TRUE(is_older({}, a));
  EXPECT_EQ(next_entry_epoch(a, 5), 11u);
  EXPECT_EQ(next_entry_epoch(a, 50), 51u);
}

TEST(Placement, GivenMovesWhenDescribedThenASentenceForEachOwnerAndReason) {
  auto words = [](const placement_plan& made) {
    return describe_moves(made.moves, [](auto&) { return std::string{"its lease ended"}; });
  };
  using testing::ElementsAre;
  auto first = plan({}, order_of({up("a"), up("b"), up("c")}, 256));
  EXPECT_THAT(words(first), ElementsAre("256 partitions that nobody had went to a, b, c"));
  auto table = table_of(first);
  EXPECT_THAT(words(plan(table, order_of({up("a"), up("c")}, 256))),
              ElementsAre("b was lost (its lease ended); 85 partitions moved to a, c"));
  EXPECT_THAT(words(plan(table, order_of({up("a"), up("b"), up("c"), up("d")}, 256))),
              ElementsAre("64 partitions moved from a, b, c to d, which had less"));
  EXPECT_THAT(words(plan(table, order_of({up("a"), up("b"), {{"c", 1}, true}}, 256))),
              ElementsAre("c is leaving; 85 partitions moved to a, b"));
  auto alone = table_of(plan({}, order_of({up("a")}, 1)));
  EXPECT_THAT(
      words(plan(alone, order_of({}, 1))),
      ElementsAre("a was lost (its lease ended); 1 partition without an owner, as no other member has "
                  "the role: worker"));
}

} // namespace
} // namespace tutti::tests::placement

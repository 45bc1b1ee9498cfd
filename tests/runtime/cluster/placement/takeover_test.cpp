#include "tests/runtime/cluster/placement/cluster_fixture.hpp"

namespace tutti::tests::placement {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST_F(PlacementCluster, GivenNodesThatStartTogetherWhenSettledThenEachPartitionIsOpenOnceAndEvenly) {
  start("a", {"audio", "worker"});
  start("b", {"audio", "worker"});
  start("c", {"audio", "worker"});
  run_until([&] { return settled(); }, 10s);
  run_for(1s);
  EXPECT_EQ(current().entries.size(), 64u);
  auto view = ask<cluster_view>("b", get_cluster_view{});
  ASSERT_TRUE(view);
  EXPECT_EQ(view->coordinator, coordinator());
  EXPECT_EQ(view->epoch, lease(coordinator_lease).epoch);
  EXPECT_EQ(view->table_version, current().version);
  EXPECT_EQ(view->partitions.size(), 3u);
  EXPECT_EQ(view->partitions.at("c"), open_on("c"));
  EXPECT_EQ(view->store_error, "");
  EXPECT_EQ(nodes.at("c").host->tables.back()->entries, current().entries);
  auto before = current();
  run_for(60s);
  EXPECT_EQ(current(), before) << "nothing is written while nothing changes";
}

TEST_F(PlacementCluster, GivenLostNodeWhenItsLeasesEndThenOthersHaveItsPartitionsWithinTwoTtl) {
  for (auto* name : {"a", "b", "c"})
    start(name);
  run_until([&] { return settled(); }, 10s);
  auto coordinates = coordinator();
  std::string other = coordinates == "b" ? "c" : "b";
  auto before = current();
  auto had = open_on(other);
  kill(other);
  auto took = run_until([&] { return all_open(); }, 2 * ttl);
  EXPECT_LT(took, 2 * ttl);
  EXPECT_EQ(moved(before, current()), had) << "only what it had";
  EXPECT_THAT(events(coordinates), Contains(HasSubstr(other + " was lost (its lease ended); "
                                                      + std::to_string(had) + " partitions moved to")));
}

TEST_F(PlacementCluster, GivenLostCoordinatorWhenItsLeaseEndsThenAnotherTakesOverWithinTwoTtl) {
  for (auto* name : {"a", "b", "c"})
    start(name);
  run_until([&] { return settled(); }, 10s);
  auto before = current();
  auto old = coordinator();
  auto had = open_on(old);
  kill(old);
  run_until([&] { return all_open(); }, 2 * ttl);
  EXPECT_NE(coordinator(), old);
  EXPECT_GT(current().epoch, before.epoch);
  EXPECT_EQ(moved(before, current()), had);
  EXPECT_THAT(events(coordinator()), Contains(coordinator() + " coordinates now"));
}

TEST_F(PlacementCluster, GivenNodeThatRestartsWhenBackSoonThenItsNewIncarnationHasPartitions) {
  start("a");
  start("b");
  run_until([&] { return settled(); }, 10s);
  kill("b");
  run_for(1s);
  start("b");
  run_until([&] { return settled(); }, 15s);
  for (auto& e : current().entries)
    EXPECT_EQ(e.owner, nodes.at(e.owner.node).me);
}

TEST_F(PlacementCluster, GivenJoinWhenSettledThenTheFewestMovedAndEachWasClosedFirst) {
  partitions = 256;
  closing_takes = [closings = 0]() mutable {
    return std::chrono::milliseconds{1'000 + ++closings * 7 % 900};
  };
  for (auto* name : {"a", "b", "c"})
    start(name);
  run_until([&] { return settled(); }, 20s);
  auto before = current();
  std::size_t closed = 0;
  for (auto& [name, n] : nodes)
    closed += n.host->closed;
  start("d");
  std::size_t most = 0;
  auto last = before;
  run_until(
      [&] {
        std::size_t under_way = 0;
        for (auto& e : current().entries)
          under_way += lease(partition_lease(e.role, e.partition)).holder == e.owner ? 0 : 1;
        most = std::max(most, under_way);
        return settled();
      },
      30s);
  EXPECT_LE(most, max_live_moves);
  EXPECT_GT(most, 0u);
  EXPECT_EQ(moved(before, current()), 64u);
  EXPECT_EQ(open_on("d"), 64u);
  for (auto& [name, n] : nodes)
    closed -= n.host->closed;
  EXPECT_EQ(closed + 64, 0u);
  EXPECT_EQ(unconfirmed, 0u);
  for (auto& [name, n] : nodes)
    EXPECT_EQ(n.host->lost, 0u);
}

TEST_F(PlacementCluster, GivenHintsWhenPartitionsMoveThenTheyAreShutForAMomentElseForAPoll) {
  start("a");
  run_until([&] { return settled(); }, 10s);
  auto longest_gap = [&] {
    auto gap = 0ms, longest = 0ms;
    for (auto took = 0ms; took < 5s; took += 1ms) {
      run_for(1ms, 1ms);
      gap = all_open() ? 0ms : gap + 1ms;
      longest = std::max(longest, gap);
    }
    EXPECT_TRUE(settled());
    return longest;
  };
  start("b");
  EXPECT_LE(longest_gap(), 40ms);
  hints = false;
  leave("b");
  EXPECT_LE(longest_gap(), 1s) << "a poll of the new owner";
}

TEST_F(PlacementCluster, GivenNodeThatLeavesWhenPlannedThenTheAnswerIsWhatMovesLater) {
  start("a", {"audio", "worker"});
  start("b", {"audio", "worker"});
  start("c", {"worker"});
  run_until([&] { return all_open() && current().entries.size() == 64; }, 20s);
  run_for(5s);
  auto before = current();
  auto had = open_on("b");
  auto asked = ask<drain_plan>("b", plan_drain{"b"});
  ASSERT_TRUE(asked);
  EXPECT_EQ(current(), before);
  std::map<std::pair<std::string, std::string>, std::size_t> planned, real;
  for (auto& s : asked->shares)
    planned[{s.role, s.to}] = s.partitions;
  leave("b");
  run_until([&] { return open_on("b") == 0 && all_open(); }, 20s);
  std::map<part, lease_holder> owners;
  for (auto& e : before.entries)
    owners[{e.role, e.partition}] = e.owner;
  for (auto& e : current().entries)
    if (owners[{e.role, e.partition}].node == "b")
      ++real[{e.role, e.owner.node}];
  EXPECT_EQ(planned, real);
  EXPECT_EQ(unconfirmed, 0u);
  EXPECT_EQ(moved(before, current()), had);
  EXPECT_THAT(events(coordinator()), Contains(HasSubstr("b is leaving; ")));

  leave("a");
  run_for(10s);
  auto rest = ask<drain_plan>("c", plan_drain{"a"});
  ASSERT_TRUE(rest);
  ASSERT_EQ(rest->shares.size(), 1u);
  EXPECT_EQ(rest->shares[0].role, "audio");
  EXPECT_EQ(rest->shares[0].to, "") << "nobody else can take them";
  EXPECT_EQ(open_on("a"), 32u);

  leave("b", false);
  run_until([&] { return open_on("a") == 0 && all_open(); }, 20s);
  caf::error no;
  EXPECT_FALSE(ask<drain_plan>("a", plan_drain{"x"}, &no));
  EXPECT_TRUE(runtime::is(no, runtime::ec::not_found));
}

} // namespace
} // namespace tutti::tests::placement

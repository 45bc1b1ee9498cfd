#include "tests/runtime/cluster/placement/cluster_fixture.hpp"

namespace tutti::tests::placement {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST_F(PlacementCluster, GivenStoreThatWasAwayForLongWhenItIsBackThenTheFormerOwnersHaveTheSame) {
  for (auto* name : {"a", "b", "c"})
    start(name);
  run_until([&] { return settled(); }, 10s);
  run_for(5s);
  auto before = current();
  for (auto& [name, n] : nodes)
    n.line->is = link::state::cut;
  run_for(60s);
  for (auto& [name, n] : nodes) {
    EXPECT_EQ(open_on(name), 0u);
    EXPECT_GT(n.host->lost, 0u);
  }
  auto late = coordinator() == "b" ? "c" : "b";
  for (auto& [name, n] : nodes)
    if (name != late)
      n.line->is = link::state::up;
  run_for(3s);
  nodes.at(late).line->is = link::state::up;
  auto took = run_until([&] { return settled(); }, 10s);
  EXPECT_LT(took, ttl);
  run_for(20s);
  EXPECT_EQ(moved(before, current()), 0u);
  EXPECT_TRUE(settled());
}

TEST_F(PlacementCluster, GivenNodeCutOffFromTheStoreWhenBackThenItHasMembersAndPartitionsAgain) {
  for (auto* name : {"a", "b", "c"})
    start(name);
  run_until([&] { return settled(); }, 10s);
  nodes.at("b").line->is = link::state::deaf;
  run_until([&] { return open_on("a") + open_on("c") == partitions; }, 2 * ttl);
  EXPECT_EQ(open_on("b"), 0u);
  run_for(20s);
  nodes.at("b").line->is = link::state::up;
  run_until([&] { return settled(); }, 20s);
}

TEST_F(PlacementCluster, GivenHostThatDoesNotConfirmWhenItsTimeIsUpThenTheLeaseRunsOutAndTheNextOwnerOpens) {
  start("a");
  run_until([&] { return settled(); }, 5s);
  nodes.at("a").host->stuck = true;
  start("b");
  run_for(2 * ttl);
  EXPECT_EQ(open_on("a"), partitions) << "not confirmed: its leases are still kept";
  EXPECT_EQ(open_on("b"), 0u);
  run_until([&] { return settled(); }, 8s);
  EXPECT_EQ(nodes.at("a").host->lost, 16u);
  EXPECT_EQ(nodes.at("a").host->closed, 0u);
}

TEST_F(PlacementCluster, GivenGreaterFenceWhenRaisedThenTheLeaseIsTakenAgainWithAGreaterEpoch) {
  partitions = 4;
  auto far = static_cast<std::uint64_t>(unix_now().count()) + 1'000'000'000'000;
  (*fence_values)[{"worker", 2}] = far;
  start("a");
  run_until([&] { return settled(); }, 5s);
  auto& open = nodes.at("a").host->open;
  EXPECT_EQ((open.at({"worker", 2})->epoch()), far + 1);
  EXPECT_EQ((fence_values->at({"worker", 2})), far + 1);
  EXPECT_LT((open.at({"worker", 1})->epoch()), far);
  EXPECT_EQ(nodes.at("a")
                .metrics->add_gauge("tutti_partitions_owned", "Partitions that this node has open")
                .value(),
            4);
}

TEST_F(PlacementCluster, GivenEntityStoreThatIsAwayWhenLeasesAreGainedThenNothingOpensBeforeItIsBack) {
  auto& a = start("a");
  a.fence_line->is = link::state::cut;
  run_for(20s);
  EXPECT_EQ(current().entries.size(), partitions);
  EXPECT_EQ(a.host->opened, 0u);
  EXPECT_GT(lease(partition_lease("worker", 0)).left, 0us);
  a.fence_line->is = link::state::up;
  run_until([&] { return settled(); }, 4s);
  EXPECT_EQ(a.host->opened, partitions);
}

TEST_F(PlacementCluster,
       GivenMemberThatOthersCannotReachWhenTwoTtlHavePassedThenItsPartitionsMoveUntilItIsReachable) {
  for (auto* name : {"a", "b", "c"})
    start(name);
  run_until([&] { return settled(); }, 10s);
  auto coordinates = coordinator();
  std::string lonely = coordinates == "c" ? "b" : "c";
  for (auto* name : {"a", "b", "c"}) {
    facts->cut.insert({name, lonely});
    facts->cut.insert({lonely, name});
  }
  run_for(9s);
  EXPECT_GT(open_on(lonely), 0u);
  run_until([&] { return open_on(lonely) == 0 && all_open(); }, 4s);
  EXPECT_EQ(nodes.at(lonely).host->lost, 0u) << "handed over in order";
  EXPECT_THAT(events(coordinates), Contains(HasSubstr(lonely + " was lost (it cannot be reached)")));
  facts->cut.clear();
  run_until([&] { return settled(); }, 10s);
}

TEST_F(PlacementCluster, GivenCoordinatorThatReachesNobodyWhenTwoTtlHavePassedThenAnotherCoordinates) {
  for (auto* name : {"a", "b", "c"})
    start(name);
  run_until([&] { return settled(); }, 10s);
  auto old = coordinator();
  auto had = open_on(old);
  for (auto* name : {"a", "b", "c"}) {
    facts->cut.insert({name, old});
    facts->cut.insert({old, name});
  }
  auto before = current();
  run_until([&] { return open_on(old) == 0 && all_open(); }, 20s);
  EXPECT_NE(coordinator(), old);
  EXPECT_EQ(moved(before, current()), had) << "it has taken nothing from the others";
  EXPECT_THAT(events(old), Contains(old + " coordinates no longer (it reaches only 1 of 3 members)"));
  facts->cut.clear();
  run_until([&] { return settled(); }, 20s);
}

TEST_F(PlacementCluster, GivenNobodyWhoReachesOthersWhenANodeIsLostThenItsPartitionsMoveNevertheless) {
  for (auto* name : {"a", "b", "c", "d"}) {
    start(name);
    for (auto* other : {"a", "b", "c", "d"})
      facts->cut.insert({name, other});
  }
  run_for(60s);
  EXPECT_TRUE(all_open());
  kill("d");
  run_until([&] { return all_open(); }, 40s);
}

TEST_F(PlacementCluster, GivenNewCoordinatorThatDoesNotKnowAMemberYetThenThatKeepsItsPartitions) {
  for (auto* name : {"a", "b", "c"})
    start(name);
  run_until([&] { return settled(); }, 10s);
  auto old = coordinator();
  auto before = current();
  auto had = open_on(old);
  for (auto* name : {"a", "b", "c"})
    facts->not_yet[name] = {"a", "b", "c"};
  for (auto* name : {"a", "b", "c"})
    facts->not_yet[name].erase(name); // itself only
  run_for(1s);
  kill(old);
  run_for(20s);
  EXPECT_NE(coordinator(), "");
  EXPECT_EQ(moved(before, current()), 0u);
  facts->not_yet.clear();
  run_until([&] { return all_open(); }, 5s);
  EXPECT_EQ(moved(before, current()), had);
}

TEST_F(PlacementCluster, GivenWriteWhoseAnswerIsLostWhenReadAgainThenItIsToldOnce) {
  auto& a = start("a");
  run_until([&] { return settled(); }, 5s);
  a.line->mute.insert("write");
  start("b");
  run_until([&] { return settled(); }, 20s);
  run_for(5s);
  std::size_t told = 0;
  for (auto& what : events("a"))
    told += what == "16 partitions moved from a to b, which had less" ? 1 : 0;
  EXPECT_EQ(told, 1u);
}

TEST_F(PlacementCluster, GivenStoreThatWentBackWhenReadThenNobodyActsByTheOldTableUntilItIsWrittenAnew) {
  start("a");
  start("b");
  run_until([&] { return settled(); }, 10s);
  run_for(1s);
  auto newest = current(), old = newest;
  for (auto& e : old.entries)
    e = {e.role, e.partition, nodes.at(e.owner.node == "a" ? "b" : "a").me, 1};
  ASSERT_TRUE(book->write({newest.epoch, newest.version, old.entries}, unix_now()));
  ASSERT_TRUE(is_older(current(), newest));
  run_for(10s);
  EXPECT_TRUE(is_older(newest, current()));
  EXPECT_EQ(moved(old, current()), 0u) << "the store is the truth";
  EXPECT_TRUE(settled());
  EXPECT_EQ(unconfirmed, 0u);
  for (auto& [name, n] : nodes)
    for (std::size_t i = 1; i < n.host->tables.size(); ++i)
      EXPECT_FALSE(is_older(*n.host->tables[i], *n.host->tables[i - 1]));
}

TEST_F(PlacementCluster, GivenStoreThatEndsWhenTheActorsAreToldThenTheyEndToo) {
  start("a");
  run_until([&] { return settled(); }, 5s);
  client->send_exit(nodes.at("a").keeper, caf::exit_reason::kill);
  run_for(100ms);
  EXPECT_EQ(table.actors([](auto& v) { return v.type == "ownership" || v.type == "coordinator"; }).size(),
            0u);
  EXPECT_EQ(open_on("a"), 0u);
}

TEST_F(PlacementCluster, GivenHintWhenTheTableHasChangedThenItIsReadAtOnce) {
  hints = false;
  start("a");
  run_until([&] { return settled(); }, 5s);
  auto& host = *nodes.at("a").host;
  auto tables = host.tables.size();
  auto now = current();
  ASSERT_TRUE(book->write({now.epoch, now.version, now.entries}, unix_now()));
  caf::anon_send(nodes.at("a").ownership, look_at_table{});
  run_for(2ms, 1ms);
  EXPECT_EQ(host.tables.size(), tables + 1);
}

} // namespace
} // namespace tutti::tests::placement

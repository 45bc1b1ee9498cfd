#include "tests/runtime/cluster/leases/keeper_fixture.hpp"

namespace tutti::tests::leases {
namespace {

TEST_F(LeaseKeeper, GivenOwnerThatDropsWhenAnsweredThenOthersHaveItSoon) {
  auto a = start_node("a", 1), b = start_node("b", 2);
  auto mine = start_owner(), other = start_owner();
  keep(a, mine, "x");
  keep(b, other, "x");
  run_for(1s);
  auto done = drop(a, mine, "x");
  EXPECT_FALSE(mine.in->holds());
  ASSERT_TRUE(done->has_value());
  EXPECT_FALSE(**done);
  EXPECT_EQ(state("x").left, 0us);
  run_for(2s);
  EXPECT_TRUE(other.in->holds());
  EXPECT_TRUE(mine.in->lost.empty()) << "it knows";
}

TEST_F(LeaseKeeper, GivenAcquireUnderWayWhenDroppedThenTheGrantIsGivenBackBeforeTheAnswer) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  caf::send_as(o.handle, a.keeper, keep_lease{"x", "", 0});
  while (a.line->acquires.empty()) // on its way to the store
    ASSERT_TRUE(scheduler().try_run_once());
  auto done = drop(a, o, "x");
  run_for(1s);
  ASSERT_TRUE(done->has_value());
  EXPECT_FALSE(**done);
  EXPECT_FALSE(o.in->holds());
  EXPECT_GT(state("x").epoch, 0u);
  EXPECT_EQ(state("x").left, 0us);
}

TEST_F(LeaseKeeper, GivenStoreThatCannotBeReachedWhenDroppedThenAnErrorButNotHeld) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  a.line->is = wire::state::deaf;
  auto done = drop(a, o, "x");
  EXPECT_FALSE(o.in->holds());
  run_for(3s);
  ASSERT_TRUE(done->has_value());
  EXPECT_TRUE(**done);
}

TEST_F(LeaseKeeper, GivenOwnerThatEndsWhenItHeldLeasesThenTheyAreReleased) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  keep(a, o, "y");
  run_for(1s);
  ASSERT_EQ(o.in->gained.size(), 2u);
  caf::anon_send_exit(o.handle, caf::exit_reason::kill);
  run();
  for (auto& g : o.in->gained)
    EXPECT_FALSE(g->holds());
  EXPECT_EQ(state("x").left, 0us);
  EXPECT_EQ(state("y").left, 0us);
}

TEST_F(LeaseKeeper, GivenOwnerThatEndsWhenItHeldAPartitionThenOthersWaitUntilItRunsOut) {
  auto a = start_node("a", 1), b = start_node("b", 2);
  auto mine = start_owner(), other = start_owner();
  auto name = partition_lease("worker", 7);
  keep(a, mine, name);
  keep(b, other, name);
  run_for(1s);
  caf::anon_send_exit(mine.handle, caf::exit_reason::kill);
  run();
  EXPECT_FALSE(mine.in->holds());
  auto left = state(name).left;
  EXPECT_GT(left, 2s) << "its entities may not be told yet";
  run_for(left - 10ms);
  EXPECT_FALSE(other.in->holds());
  run_for(2s);
  EXPECT_TRUE(other.in->holds());
}

TEST_F(LeaseKeeper, GivenManyLeasesWhenDroppedTogetherThenReleasedInOneMessage) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  for (int i = 0; i < 300; ++i)
    caf::send_as(o.handle, a.keeper, keep_lease{"x" + std::to_string(i), "", 0});
  run_for(1s);
  std::vector<std::shared_ptr<std::optional<caf::error>>> done;
  for (int i = 0; i < 300; ++i) {
    done.push_back(std::make_shared<std::optional<caf::error>>());
    caf::anon_send(o.handle, drop_order{a.keeper, "x" + std::to_string(i), done.back(), false});
  }
  run();
  for (auto& d : done)
    EXPECT_TRUE(d->has_value() && !**d);
  EXPECT_LE(a.line->releases, 3u);
  EXPECT_EQ(state("x0").left, 0us);
  EXPECT_EQ(state("x299").left, 0us);
}

TEST_F(LeaseKeeper, GivenLeaseThatIsToRunOutThenItHoldsUnrenewedUntilItEndsAndOnlyThenIsAnswered) {
  auto a = start_node("a", 1), b = start_node("b", 2);
  auto mine = start_owner(), other = start_owner();
  keep(a, mine, "x");
  keep(b, other, "x");
  run_for(3s);
  auto done = drop(a, mine, "x", true);
  EXPECT_TRUE(mine.in->holds());
  EXPECT_FALSE(done->has_value());
  int steps = 0;
  for (; !done->has_value() && steps < 500; ++steps) {
    EXPECT_FALSE(other.in->holds());
    run_for(10ms);
  }
  EXPECT_GT(steps, 200) << "its last renewal was at most a third of the TTL ago, of which it has 0.8";
  ASSERT_TRUE(done->has_value());
  EXPECT_FALSE(**done);
  EXPECT_FALSE(mine.in->holds());
  EXPECT_TRUE(mine.in->lost.empty()) << "the answer says it";
  run_for(2s);
  EXPECT_TRUE(other.in->holds());
}

TEST_F(LeaseKeeper, GivenLeaseThatRunsOutWhenKeptAgainThenItGoesOn) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  run_for(3s);
  auto done = drop(a, o, "x", true);
  run_for(1s);
  keep(a, o, "x");
  ASSERT_TRUE(done->has_value());
  EXPECT_TRUE(runtime::is(**done, runtime::ec::cancelled));
  for (int i = 0; i < 20; ++i) {
    run_for(500ms);
    EXPECT_TRUE(o.in->holds());
  }
  EXPECT_EQ(o.in->gained.size(), 1u);
}

TEST_F(LeaseKeeper, GivenSuccessorWhenItWantsTheSameThenTheOldOwnerLosesAndItGetsAnotherGrant) {
  auto a = start_node("a", 1);
  auto old = start_owner(), young = start_owner();
  keep(a, old, "x");
  run_for(1s);
  keep(a, young, "x");
  run_for(1s);
  EXPECT_FALSE(old.in->holds());
  EXPECT_EQ(old.in->lost.size(), 1u);
  ASSERT_TRUE(young.in->holds());
  EXPECT_GT(young.in->gained.back()->epoch(), old.in->gained.back()->epoch());
  drop(a, old, "x");
  EXPECT_TRUE(young.in->holds()) << "it is not the old owner's any more";
}

TEST_F(LeaseKeeper, GivenAnotherValueWhenKeptAgainThenOthersReadItSoon) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x", "joining");
  keep(a, o, "x", "up");
  EXPECT_EQ(state("x").value, "up");
  EXPECT_EQ(o.in->gained.size(), 1u);
}

TEST_F(LeaseKeeper, GivenBadNameWhenWantedThenTheOthersAreNotHurt) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "not a name");
  keep(a, o, "x");
  run_for(1s);
  EXPECT_TRUE(o.in->holds());
}

TEST_F(LeaseKeeper, GivenKeeperThatEndsWhenItHeldLeasesThenNoneIsHeld) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  ASSERT_TRUE(o.in->holds());
  caf::anon_send_exit(a.keeper, caf::exit_reason::kill);
  run();
  EXPECT_FALSE(o.in->holds());
}

TEST_F(LeaseKeeper, GivenStoreThatEndsThenTheKeeperEndsAndNothingIsHeld) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  for (auto& r : running)
    if (r != a.keeper && r != o.handle)
      caf::anon_send_exit(r, caf::exit_reason::kill);
  run();
  EXPECT_FALSE(o.in->holds());
  EXPECT_EQ(table.actors([](auto& v) { return v.type == "lease-keeper"; }).size(), 0u);
}

} // namespace
} // namespace tutti::tests::leases

#include "tests/runtime/cluster/leases/keeper_fixture.hpp"

namespace tutti::tests::leases {
namespace {

TEST_F(LeaseKeeper, GivenFreeLeaseWhenKeptForLongThenHeldAllTheTimeByOneGrant) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x", "here");
  ASSERT_EQ(o.in->gained.size(), 1u);
  for (int i = 0; i < 600; ++i) {
    run_for(100ms);
    ASSERT_TRUE(o.in->holds());
    ASSERT_GT(o.in->gained.back()->left(), 2s);
  }
  EXPECT_EQ(o.in->gained.size(), 1u);
  EXPECT_TRUE(o.in->lost.empty());
  EXPECT_EQ(state("x").value, "here");
  EXPECT_EQ(state("x").holder, (lease_holder{"a", 1}));
  EXPECT_GE(a.line->renewals.size(), 35u); // a minute, every third of 5 s or a little less
  EXPECT_LE(a.line->renewals.size(), 45u);
  EXPECT_EQ(renewals("renewed"), a.line->renewals.size());
}

TEST_F(LeaseKeeper, GivenManyLeasesWhenRenewedThenInOneMessage) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  for (std::uint32_t i = 0; i < 300; ++i)
    caf::send_as(o.handle, a.keeper, keep_lease{partition_lease("shard", i), "", 0});
  run_for(5s);
  EXPECT_EQ(o.in->gained.size(), 300u);
  EXPECT_EQ(a.line->renewals.back(), 300u);
  EXPECT_LE(a.line->renewals.size(), 6u);
  EXPECT_LE(a.line->acquires.size(), 6u);
}

TEST_F(LeaseKeeper, GivenMoreLeasesThanAMessageTakesWhenKeptThenAllAreHeld) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  auto count = max_lease_batch + 100;
  for (std::size_t i = 0; i < count; ++i)
    caf::send_as(o.handle, a.keeper, keep_lease{"x" + std::to_string(i), "", 0});
  run_for(12s, 100ms);
  ASSERT_EQ(o.in->gained.size(), count);
  for (auto& g : o.in->gained)
    ASSERT_TRUE(g->holds());
  EXPECT_TRUE(o.in->lost.empty());
}

TEST_F(LeaseKeeper, GivenMoreHeldByOthersThanAMessageTakesThenTheRestHasItsTurnAndNothingIsHammered) {
  auto a = start_node("a", 1), b = start_node("b", 2);
  auto mine = start_owner(), other = start_owner();
  auto count = max_lease_batch + 10;
  for (std::size_t i = 0; i < count; ++i)
    caf::send_as(other.handle, b.keeper, keep_lease{"x" + std::to_string(1'000'000 + i), "", 0});
  run_for(2s, 100ms);
  ASSERT_EQ(other.in->gained.size(), count);
  for (std::size_t i = 0; i < count; ++i)
    caf::send_as(mine.handle, a.keeper, keep_lease{"x" + std::to_string(1'000'000 + i), "", 0});
  keep(a, mine, "y"); // the last in order, and free
  run_for(5s, 50ms);
  EXPECT_EQ(mine.in->gained.size(), 1u);
  EXPECT_LE(a.line->acquires.size(), 12u);
}

TEST_F(LeaseKeeper, GivenHolderThatIsCutOffWhenItsTimeIsUpThenItKnowsBeforeTheOtherHasIt) {
  auto a = start_node("a", 1), b = start_node("b", 2);
  auto mine = start_owner(), other = start_owner();
  keep(a, mine, "x");
  keep(b, other, "x");
  run_for(7s);
  ASSERT_TRUE(mine.in->holds());
  EXPECT_TRUE(other.in->gained.empty());
  a.line->is = wire::state::deaf;
  for (int i = 0; i < 800 && other.in->gained.empty(); ++i) {
    run_for(10ms);
    EXPECT_FALSE(mine.in->holds() && other.in->holds());
  }
  ASSERT_TRUE(other.in->holds());
  EXPECT_EQ(mine.in->lost.size(), 1u);
  EXPECT_GT(other.in->gained.back()->epoch(), mine.in->gained.back()->epoch());
  EXPECT_GT(renewals("failed"), 1u) << "it must have tried twice within its time";
}

TEST_F(LeaseKeeper, GivenShortOutageWhenItEndsBeforeTheDeadlineThenNothingIsLost) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  run_for(10s);
  a.line->is = wire::state::cut;
  for (int i = 0; i < 20; ++i) { // 2 s from anywhere between two renewals
    run_for(100ms);
    EXPECT_TRUE(o.in->holds());
  }
  a.line->is = wire::state::up;
  run_for(10s);
  EXPECT_TRUE(o.in->holds());
  EXPECT_EQ(o.in->gained.size(), 1u);
}

TEST_F(LeaseKeeper, GivenLongOutageWhenItEndsThenTheLeaseComesBackWithANewEpoch) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  run_for(1s);
  auto first = o.in->gained.at(0);
  a.line->is = wire::state::cut;
  auto asked = a.line->acquires.size();
  run_for(60s);
  EXPECT_EQ(o.in->lost.size(), 1u);
  EXPECT_LE(a.line->acquires.size() - asked, 100u) << "it must not hammer";
  EXPECT_FALSE(first->holds());
  a.line->is = wire::state::up;
  run_for(3s);
  ASSERT_EQ(o.in->gained.size(), 2u);
  EXPECT_TRUE(o.in->holds());
  EXPECT_FALSE(first->holds()) << "a grant that is lost stays lost";
  EXPECT_GT(o.in->gained.back()->epoch(), first->epoch());
  EXPECT_EQ(a.line->acquires.back().claims.at(0).held, first->epoch()) << "former owners come first";
}

TEST_F(LeaseKeeper, GivenFrozenProcessWhenItThawsThenItsLeaseIsOverBeforeAnyMessage) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  run_for(1s);
  ASSERT_TRUE(o.in->holds());
  auto renewed = a.line->renewals.size();
  a.clock->frozen += 10s; // no timer has run, no message has come
  EXPECT_FALSE(o.in->holds());
  for (int i = 0; i < 300 && o.in->gained.size() < 2; ++i)
    run_for(10ms);
  EXPECT_EQ(o.in->lost.size(), 1u);
  EXPECT_EQ(a.line->renewals.size(), renewed) << "what is not held must not be renewed";
  EXPECT_EQ(o.in->gained.size(), 2u);
}

TEST_F(LeaseKeeper, GivenRenewalWhoseAnswerComesAfterTheDeadlineThenTheLossIsToldAndAnotherGrantCome) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  auto first = o.in->gained.at(0);
  auto before = a.line->renewals.size();
  while (a.line->renewals.size() == before) // one is on its way to the store
    if (!scheduler().try_run_once())
      scheduler().advance_time(10ms);
  a.clock->frozen += 3s; // past the first deadline, not past the one that the renewal gives
  EXPECT_FALSE(first->holds());
  run_for(3s);
  EXPECT_FALSE(first->holds()) << "whoever saw that it was over may rely on being told";
  EXPECT_EQ(o.in->lost.size(), 1u);
  ASSERT_EQ(o.in->gained.size(), 2u);
  EXPECT_TRUE(o.in->holds());
}

TEST_F(LeaseKeeper, GivenGrantWhoseAnswerIsLostWhenAskedAgainThenGrantedAnew) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  a.line->is = wire::state::mute;
  keep(a, o, "x");
  auto unknown = state("x").epoch;
  EXPECT_GT(unknown, 0u);
  run_for(100ms);
  EXPECT_TRUE(o.in->gained.empty());
  a.line->is = wire::state::up;
  run_for(3s);
  ASSERT_TRUE(o.in->holds());
  EXPECT_GT(o.in->gained.back()->epoch(), unknown);
}

} // namespace
} // namespace tutti::tests::leases

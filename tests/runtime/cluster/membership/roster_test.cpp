#include "runtime/cluster/membership/roster.hpp"
#include "runtime/error.hpp"
#include "runtime/wire/codec.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::membership {
namespace {

using namespace runtime::cluster;
using namespace std::chrono_literals;

member_info info(const std::string& name, std::uint64_t incarnation) {
  return {name, incarnation, "10.0.0.1", 4700, "", {"worker"}, "1"};
}

struct Roster : testing::Test {
  roster::time now{1'700'000'000s};
  roster seen{member_note{info("a", 1)}};
  std::vector<lease_state> leases;

  void lease(const std::string& name, std::uint64_t incarnation, std::chrono::microseconds left,
             bool leaving = false) {
    std::erase_if(leases, [&](auto& l) { return l.name == member_lease(name); });
    auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()) - 60s;
    leases.push_back({member_lease(name),
                      {name, incarnation},
                      9,
                      runtime::wire::encode(member_note{info(name, incarnation), leaving, since.count()}),
                      left});
  }
  /// True: the list is another one.
  bool look() {
    seen.take_leases(leases);
    return seen.refresh(now);
  }
  const member* of(const std::string& name) {
    for (auto& m : seen.members())
      if (m.info.name == name)
        return &m;
    return nullptr;
  }
};

TEST_F(Roster, GivenNothingWhenLookedAtThenThisNodeIsJoining) {
  EXPECT_TRUE(look());
  ASSERT_EQ(seen.members().size(), 1u);
  EXPECT_EQ(of("a")->state, member_state::joining);
  EXPECT_TRUE(of("a")->reachable);
  EXPECT_FALSE(look()) << "nothing has changed";
}

TEST_F(Roster, GivenOwnLeaseWhenGainedDrainedAndLostThenItShows) {
  member_note note{info("a", 1), false, 1'699'999'000'000};
  seen.set_self(note, true);
  look();
  EXPECT_EQ(of("a")->state, member_state::up);
  EXPECT_EQ(of("a")->since, roster::time{1'699'999'000s});
  note.leaving = true;
  seen.set_self(note, true);
  look();
  EXPECT_EQ(of("a")->state, member_state::leaving);
  seen.set_self(note, false);
  look();
  EXPECT_EQ(of("a")->state, member_state::joining);
  EXPECT_EQ(of("a")->since, now);
  EXPECT_EQ(of("a")->why, "it has lost its lease");
}

TEST_F(Roster, GivenHeldLeaseWhenConnectedOrNotThenUpAndReachableSaysIt) {
  lease("b", 2, 3s);
  EXPECT_TRUE(look());
  EXPECT_EQ(of("b")->state, member_state::up);
  EXPECT_FALSE(of("b")->reachable);
  EXPECT_EQ(of("b")->since, now - 60s);
  EXPECT_EQ(of("b")->info, info("b", 2));
  seen.set_link(info("b", 2), true);
  EXPECT_TRUE(look());
  EXPECT_TRUE(of("b")->reachable);
  lease("b", 2, 2s);
  EXPECT_FALSE(look()) << "a renewal is no change";
  lease("b", 2, 3s, true);
  EXPECT_TRUE(look());
  EXPECT_EQ(of("b")->state, member_state::leaving);
}

TEST_F(Roster, GivenHeldLeaseWhenItEndsThenDownUnlessItStillAnswers) {
  lease("b", 2, 3s);
  seen.set_link(info("b", 2), true);
  look();
  lease("b", 2, 0s);
  look();
  EXPECT_EQ(of("b")->state, member_state::joining);
  EXPECT_EQ(of("b")->why, "its lease ended");
  seen.set_link(info("b", 2), false);
  look();
  EXPECT_EQ(of("b")->state, member_state::down);
  EXPECT_EQ(of("b")->since, now);
  seen.drop_link("b");
  now += 10s;
  EXPECT_FALSE(look());
}

TEST_F(Roster, GivenNewIncarnationWhenTheOldLeaseRunsThenTheOldOneShowsUntilItsEnd) {
  lease("b", 2, 1s);
  seen.set_link(info("b", 3), true);
  look();
  EXPECT_EQ(of("b")->info.incarnation, 2u);
  EXPECT_FALSE(of("b")->reachable) << "that is the new one";
  lease("b", 2, 0s);
  look();
  EXPECT_EQ(of("b")->info.incarnation, 3u);
  EXPECT_EQ(of("b")->state, member_state::joining);
  lease("b", 3, 5s);
  look();
  EXPECT_EQ(of("b")->state, member_state::up);
  EXPECT_TRUE(of("b")->reachable);
}

TEST_F(Roster, GivenReleasedLeaseWhenSeenThenItHasLeftIfItWasHere) {
  leases.push_back({member_lease("old"), {}, 3, "", 0s});
  lease("b", 2, 3s);
  look();
  EXPECT_EQ(of("old"), nullptr);
  leases.pop_back();
  leases.push_back({member_lease("b"), {}, 9, "", 0s});
  look();
  EXPECT_EQ(of("b")->state, member_state::down);
  EXPECT_EQ(of("b")->why, "it has left");
}

TEST_F(Roster, GivenDownMemberWhenAnHourHasPassedThenLeftOutUntilItComesBack) {
  lease("b", 2, 0s);
  look();
  EXPECT_EQ(of("b")->state, member_state::down);
  now += 1h;
  look();
  EXPECT_NE(of("b"), nullptr);
  now += 1s;
  EXPECT_TRUE(look());
  EXPECT_EQ(of("b"), nullptr);
  now += 2h;
  EXPECT_FALSE(look());
  lease("b", 3, 3s);
  EXPECT_TRUE(look());
  EXPECT_EQ(of("b")->state, member_state::up);
}

TEST_F(Roster, GivenMembersWhenALostLifeIsAskedForThenOnlyOfOneThatIsDown) {
  EXPECT_TRUE(is(seen.lost_life("b").error(), runtime::ec::not_found));
  lease("b", 2, 3s);
  look();
  EXPECT_TRUE(is(seen.lost_life("b").error(), runtime::ec::conflict));
  EXPECT_TRUE(is(seen.lost_life("a").error(), runtime::ec::conflict));
  lease("b", 2, 0s);
  look();
  EXPECT_EQ(seen.lost_life("b"), 2u);
}

TEST_F(Roster, GivenLifeThatIsDeclaredDeadWhenSeenThenItIsDownOrGoneAndTheNextOneIsWelcome) {
  lease("b", 2, 0s);
  leases.push_back({death_lease("b"), {"c", 7}, 9, runtime::wire::encode(death_note{2}), 0s});
  look();
  EXPECT_EQ(of("b"), nullptr);
  EXPECT_FALSE(seen.declared_dead(info("a", 2)));
  lease("b", 2, 3s); // it has not noticed yet
  seen.set_link(info("b", 2), true);
  look();
  EXPECT_EQ(of("b")->state, member_state::down);
  EXPECT_EQ(of("b")->why, "it was declared dead");
  lease("b", 2, 0s);
  look();
  EXPECT_EQ(of("b"), nullptr) << "though it still answers";
  lease("b", 3, 3s);
  seen.set_link(info("b", 3), true);
  look();
  EXPECT_EQ(of("b")->state, member_state::up);
  EXPECT_TRUE(of("b")->reachable);
  lease("b", 3, 0s);
  seen.drop_link("b");
  look();
  EXPECT_NE(of("b"), nullptr) << "it was the life before";
}

TEST_F(Roster, GivenUnreadableDeathWhenSeenThenNobodyIsDead) {
  lease("b", 2, 3s);
  leases.push_back({death_lease("b"), {"c", 7}, 9, "\xff\xff", 3s});
  look();
  EXPECT_EQ(of("b")->state, member_state::up);
}

TEST_F(Roster, GivenLeaseWithAnUnreadableValueWhenSeenThenAtLeastWhoItIs) {
  leases.push_back({member_lease("b"), {"b", 2}, 9, "\xff\xff", 3s});
  look();
  EXPECT_EQ(of("b")->state, member_state::up);
  EXPECT_EQ(of("b")->info.incarnation, 2u);
}

TEST_F(Roster, GivenGreetingWithoutLeaseWhenItGoesAwayThenNothingIsLeft) {
  look();
  seen.set_link(info("b", 2), true);
  look();
  EXPECT_EQ(of("b")->state, member_state::joining);
  seen.drop_link("b");
  look();
  EXPECT_EQ(of("b"), nullptr);
}

} // namespace
} // namespace tutti::tests::membership

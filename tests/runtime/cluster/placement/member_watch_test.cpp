#include "runtime/cluster/placement/member_watch.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::placement {
namespace {

using namespace runtime::cluster;
using namespace std::chrono_literals;

member member_of(const std::string& name, member_state state, bool reachable) {
  member out;
  out.info.name = name;
  out.info.incarnation = 1;
  out.info.roles = {"worker"};
  out.state = state;
  out.reachable = reachable;
  return out;
}

struct MemberWatch : testing::Test {
  using standing = member_watch::standing;

  /// Those others that are up, and of them those that are reachable.
  void see(const std::string& up, const std::string& reachable) {
    std::vector<member> members{member_of("me", member_state::up, false)};
    for (char c : up)
      members.push_back(
          member_of(std::string(1, c), member_state::up, reachable.find(c) != std::string::npos));
    watch.update(std::move(members), now);
  }
  std::string owners() const {
    std::string out;
    for (auto& [role, members] : watch.candidates(now))
      for (auto& m : members)
        out += m.holder.node == "me" ? "" : m.holder.node;
    return out;
  }

  member_watch::time now{1h};
  member_watch watch{{"me", 1}, 10s};
};

TEST_F(MemberWatch, GivenStatesThenThoseUpOrLeavingAreCandidatesAndThoseDownAreGone) {
  EXPECT_FALSE(watch.knows_any());
  watch.update({member_of("d", member_state::down, false), member_of("j", member_state::joining, true),
                member_of("l", member_state::leaving, true), member_of("u", member_state::up, true)},
               now);
  auto all = watch.candidates(now);
  EXPECT_EQ(all["worker"], (std::vector<candidate>{{{"l", 1}, true}, {{"u", 1}, false}}));
  EXPECT_EQ(watch.of({"u", 1}, now), standing::candidate);
  EXPECT_EQ(watch.of({"d", 1}, now), standing::gone);
  EXPECT_EQ(watch.of({"j", 1}, now), standing::unclear);
  EXPECT_EQ(watch.of({"u", 2}, now), standing::unclear) << "it may have been started anew since";
  EXPECT_EQ(watch.of({"x", 1}, now), standing::unclear);
}

TEST_F(MemberWatch, GivenUnreachableMemberWhenItsPatienceIsOverThenItIsGoneUntilReachable) {
  see("abc", "ab");
  now += 10s;
  EXPECT_EQ(owners(), "abc");
  now += 1ms;
  EXPECT_EQ(owners(), "ab");
  EXPECT_EQ(watch.of({"c", 1}, now), standing::gone);
  EXPECT_EQ(watch.why_gone({"c", 1}, now), "it cannot be reached");
  see("abc", "abc");
  EXPECT_EQ(owners(), "abc");
  see("abc", "ab");
  now += 10s;
  EXPECT_EQ(owners(), "abc") << "its time has begun anew";
}

TEST_F(MemberWatch, GivenFewerThanHalfReachableThenNobodyIsGivenUpAndAfterwardsTheTimeBeginsAnew) {
  see("abcd", "a");
  EXPECT_TRUE(watch.cut_off_since());
  EXPECT_EQ(watch.reached(), "2 of 5 members");
  now += 1min;
  EXPECT_EQ(owners(), "abcd");
  see("abcd", "ab");
  EXPECT_FALSE(watch.cut_off_since());
  EXPECT_EQ(owners(), "abcd") << "c and d may be on their way back";
  now += 11s;
  EXPECT_EQ(owners(), "ab");
}

TEST_F(MemberWatch, GivenJustHalfReachableThenTheOthersAreGivenUp) {
  see("a", "");
  EXPECT_FALSE(watch.cut_off_since());
  now += 11s;
  EXPECT_EQ(owners(), "");
}

} // namespace
} // namespace tutti::tests::placement

#include "runtime/cluster/membership/dial_list.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::membership {
namespace {

using namespace runtime::cluster;
using namespace std::chrono_literals;

const node_address seed{"10.0.0.1", 4700}, other{"10.0.0.2", 4700};

struct DialList : testing::Test {
  dial_list list{1};
  dial_list::time now{100s};

  std::vector<node_address> due() { return list.due(now); }
};

TEST_F(DialList, GivenNewAddressWhenAskedThenDueOnceUntilItFails) {
  EXPECT_FALSE(list.next());
  list.add(seed, now);
  list.add(seed, now);
  EXPECT_EQ(list.next(), now);
  EXPECT_EQ(due(), std::vector{seed});
  EXPECT_TRUE(due().empty());
  EXPECT_FALSE(list.next()) << "it is under way";
  list.failed(seed, now);
  EXPECT_TRUE(due().empty());
  EXPECT_EQ(list.next(), now + 200ms);
}

TEST_F(DialList, GivenFailuresWhenTheyGoOnThenWaitsGrowTo5sWithJitter) {
  list.add(seed, now);
  std::set<std::chrono::nanoseconds> waits;
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(due().size(), 1u) << i;
    list.failed(seed, now);
    auto wait = *list.next() - now;
    EXPECT_GE(wait, 200ms);
    EXPECT_LE(wait, 5s);
    if (i > 8) {
      EXPECT_GE(wait, 2500ms);
      waits.insert(wait);
    }
    now += wait;
  }
  EXPECT_GT(waits.size(), 10u);
}

TEST_F(DialList, GivenConnectedAddressesWhenThePeerIsLostThenAllOfItAreDueAtOnce) {
  list.add(seed, now);
  list.connected(seed, "a", now);
  list.connected(other, "a", now); // never dialled: it has dialled us
  EXPECT_TRUE(due().empty());
  list.lost("b", now);
  EXPECT_TRUE(due().empty());
  list.lost("a", now);
  EXPECT_EQ(due(), (std::vector{seed, other}));
}

TEST_F(DialList, GivenAddressesOfMembersWhenNamedNoMoreThenForgottenUnlessSeedOrConnected) {
  list.add(seed, now);
  list.replace({other, {"10.0.0.3", 1}}, now);
  list.connected({"10.0.0.3", 1}, "c", now);
  EXPECT_EQ(due(), (std::vector{seed, other}));
  list.failed(other, now);
  list.failed(seed, now);
  list.replace({}, now);
  now += 1s;
  EXPECT_EQ(due(), std::vector{seed});
  list.lost("c", now);
  EXPECT_EQ(due().size(), 1u);
  list.failed({"10.0.0.3", 1}, now);
  list.replace({}, now);
  now += 10s;
  EXPECT_TRUE(due().empty()) << "the seed is under way, the others are forgotten";
}

} // namespace
} // namespace tutti::tests::membership

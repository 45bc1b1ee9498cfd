#include "runtime/store/flag_store.hpp"

#include <string>

#include <gtest/gtest.h>

namespace tutti::tests::flags {
namespace {

using runtime::store::feature_flag;
using runtime::store::is_on;

feature_flag rolled_out(std::uint8_t percentage, std::string name = "x") {
  feature_flag out;
  out.name = std::move(name);
  out.enabled = true;
  out.percentage = percentage;
  return out;
}

TEST(FlagRollout, GivenNoPercentageWhenAskedThenAsEnabledForEveryKey) {
  feature_flag flag{"x", true, {}, "", 1, 0, "t"};
  EXPECT_TRUE(is_on(flag, "guild:1"));
  EXPECT_TRUE(is_on(flag, ""));
  flag.enabled = false;
  EXPECT_FALSE(is_on(flag, "guild:1"));
  flag.percentage = 100;
  EXPECT_FALSE(is_on(flag, "guild:1"));
}

TEST(FlagRollout, GivenPercentageWhenManyKeysAskThenAboutSoManyAreOn) {
  for (std::uint8_t percentage : {0, 1, 25, 50, 99, 100}) {
    int on = 0;
    for (int key = 0; key < 20'000; ++key)
      on += is_on(rolled_out(percentage), "guild:" + std::to_string(700'000'000'000'000'000 + key)) ? 1 : 0;
    EXPECT_NEAR(on, percentage * 200, percentage % 100 == 0 ? 0 : 300);
  }
}

TEST(FlagRollout, GivenKeyThatIsOnWhenThePercentageGrowsThenItStaysOn) {
  for (int key = 0; key < 500; ++key) {
    bool before = false;
    for (std::uint8_t percentage = 0; percentage <= 100; ++percentage) {
      bool now = is_on(rolled_out(percentage), std::to_string(key));
      EXPECT_TRUE(now || !before) << key << " at " << int{percentage};
      before = now;
    }
    EXPECT_TRUE(before);
  }
}

TEST(FlagRollout, GivenTwoFlagsWhenRolledOutThenNotToTheSameKeys) {
  int both = 0;
  for (int key = 0; key < 10'000; ++key)
    both += is_on(rolled_out(50, "a"), std::to_string(key)) && is_on(rolled_out(50, "b"), std::to_string(key));
  EXPECT_NEAR(both, 2'500, 250);
}

// Who is in must stay in when a node is updated: these never change.
TEST(FlagRollout, GivenKnownKeysWhenAskedThenAsEver) {
  std::string on;
  for (int key = 0; key < 20; ++key)
    on += is_on(rolled_out(30, "player.queue"), "guild:" + std::to_string(key)) ? '1' : '0';
  EXPECT_EQ(on, "00101100011000011000");
}

} // namespace
} // namespace tutti::tests::flags

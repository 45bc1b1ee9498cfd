#include "services/sim/discord/rules/rate_limits.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using namespace tutti::services::sim;
using namespace tutti::services::sim::discord;

const steady_time began = steady_time{} + 1h;
constexpr bucket_rule edit{"edit", 5, 5000ms};
constexpr bucket_rule wide{"wide", 1000, 1000ms};

TEST(RateLimits, GivenBucketWhenEmptyThenRefusedUntilItResets) {
  rate_limits limits;
  for (std::uint64_t left : {4, 3, 2, 1, 0})
    EXPECT_EQ(limits.take(edit, "bot", "1", began + 1s).remaining, left);
  auto refused = limits.take(edit, "bot", "1", began + 3s);
  EXPECT_FALSE(refused.allowed);
  EXPECT_FALSE(refused.global);
  EXPECT_EQ(refused.reset_after, 3s);
  EXPECT_TRUE(limits.take(edit, "bot", "1", began + 6s).allowed);
}

TEST(RateLimits, GivenTwoChannelsAndTwoBotsWhenOneIsEmptyThenOthersAreNot) {
  rate_limits limits;
  for (int i = 0; i < 6; ++i)
    limits.take(edit, "bot", "1", began);
  EXPECT_FALSE(limits.take(edit, "bot", "1", began).allowed);
  EXPECT_TRUE(limits.take(edit, "bot", "2", began).allowed);
  EXPECT_TRUE(limits.take(edit, "other", "1", began).allowed);
  EXPECT_EQ(limits.take(edit, "bot", "2", began).bucket, limits.take(edit, "bot", "3", began).bucket);
}

TEST(RateLimits, GivenFiftyRequestsInASecondWhenOneMoreThenGlobal) {
  rate_limits limits;
  for (int i = 0; i < 50; ++i)
    EXPECT_TRUE(limits.take(wide, "bot", std::to_string(i), began).allowed);
  auto refused = limits.take(wide, "bot", "x", began + 900ms);
  EXPECT_TRUE(refused.global);
  EXPECT_EQ(refused.reset_after, 100ms);
  EXPECT_TRUE(limits.take(wide, "", "x", began + 900ms).allowed); // interactions carry no authorization
  EXPECT_TRUE(limits.take(wide, "bot", "x", began + 1s).allowed);
}

TEST(InvalidRequests, GivenTenThousandWhenCountedThenBannedForTheRestOfTenMinutes) {
  invalid_requests invalid;
  for (int i = 0; i < 9'999; ++i)
    invalid.count("1.2.3.4", began);
  EXPECT_FALSE(invalid.banned("1.2.3.4", began));
  invalid.count("1.2.3.4", began + 1min);
  EXPECT_EQ(invalid.banned("1.2.3.4", began + 1min), 9min);
  EXPECT_FALSE(invalid.banned("4.3.2.1", began + 1min));
  EXPECT_FALSE(invalid.banned("1.2.3.4", began + 10min));
}

} // namespace

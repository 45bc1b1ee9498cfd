#include "services/sim/discord/rules/rate_limits.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using namespace tutti::services::sim;
using namespace tutti::services::sim::discord;

const steady_time start = steady_time{} + 1h;
constexpr bucket_rule edit{"edit", 5, 5000ms};
constexpr bucket_rule wide{"wide", 1000, 1000ms};

TEST(RateLimits, GivenBucketWhenEmptyThenRefusedUntilItResets) {
  rate_limits limits;
  for (std::uint64_t left : {4, 3, 2, 1, 0})
    EXPECT_EQ(limits.take(edit, "bot", "1", start + 1s).remaining, left);
  auto refused = limits.take(edit, "bot", "1", start + 3s);
  EXPECT_FALSE(refused.allowed);
  EXPECT_FALSE(refused.global);
  EXPECT_EQ(refused.reset_after, 3s);
  EXPECT_TRUE(limits.take(edit, "bot", "1", start + 6s).allowed);
}

TEST(RateLimits, GivenTwoChannelsAndTwoBotsWhenOneIsEmptyThenOthersAreNot) {
  rate_limits limits;
  for (int i = 0; i < 6; ++i)
    limits.take(edit, "bot", "1", start);
  EXPECT_FALSE(limits.take(edit, "bot", "1", start).allowed);
  EXPECT_TRUE(limits.take(edit, "bot", "2", start).allowed);
  EXPECT_TRUE(limits.take(edit, "other", "1", start).allowed);
  EXPECT_EQ(limits.take(edit, "bot", "2", start).bucket, limits.take(edit, "bot", "3", start).bucket);
}

TEST(RateLimits, GivenFiftyRequestsInASecondWhenOneMoreThenGlobal) {
  rate_limits limits;
  for (int i = 0; i < 50; ++i)
    EXPECT_TRUE(limits.take(wide, "bot", std::to_string(i), start).allowed);
  auto refused = limits.take(wide, "bot", "x", start + 900ms);
  EXPECT_TRUE(refused.global);
  EXPECT_EQ(refused.reset_after, 100ms);
  EXPECT_TRUE(limits.take(wide, "", "x", start + 900ms).allowed); // interactions carry no authorization
  EXPECT_TRUE(limits.take(wide, "bot", "x", start + 1s).allowed);
}

TEST(InvalidRequests, GivenTenThousandWhenCountedThenBannedForTheRestOfTenMinutes) {
  invalid_requests invalid;
  for (int i = 0; i < 9'999; ++i)
    invalid.count("1.2.3.4", start);
  EXPECT_FALSE(invalid.banned("1.2.3.4", start));
  invalid.count("1.2.3.4", start + 1min);
  EXPECT_EQ(invalid.banned("1.2.3.4", start + 1min), 9min);
  EXPECT_FALSE(invalid.banned("4.3.2.1", start + 1min));
  EXPECT_FALSE(invalid.banned("1.2.3.4", start + 10min));
}

} // namespace

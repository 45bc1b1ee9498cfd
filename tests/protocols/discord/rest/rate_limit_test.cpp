#include "protocols/discord/rest/rate_limit.hpp"
#include "tests/protocols/discord/outcomes.hpp"

#include <vector>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

TEST(RateLimit, GivenHeadersInAnyCaseWhenReadThenAllIsThere) {
  auto x = read_rate_limit(std::vector<header_view>{{"X-RateLimit-Limit", "5"},
                                                    {"x-ratelimit-remaining", "0"},
                                                    {"X-RATELIMIT-RESET-AFTER", "1.2001"},
                                                    {"X-RateLimit-Reset", "1470173023.123"},
                                                    {"X-RateLimit-Bucket", "abcd1234"},
                                                    {"X-RateLimit-Scope", "shared"},
                                                    {"X-RateLimit-Global", "true"},
                                                    {"Retry-After", "65"},
                                                    {"Content-Type", "application/json"}});
  EXPECT_EQ(x.limit, 5);
  EXPECT_EQ(x.remaining, 0);
  EXPECT_EQ(x.reset_after_ms, 1201);
  EXPECT_EQ(x.retry_after_ms, 65'000);
  EXPECT_EQ(x.bucket, "abcd1234");
  EXPECT_EQ(x.scope, limit_scope::shared);
  EXPECT_TRUE(x.global);
  EXPECT_EQ(x.unreadable, "");
}

TEST(RateLimit, GivenUnreadableHeadersWhenReadThenLeftOutAndTheFirstNamed) {
  for (std::string_view value : {"", "x", "-1", "1 ", "nan", "inf", "1e300"}) {
    auto x = read_rate_limit(std::vector<header_view>{{"Retry-After", value}, {"X-RateLimit-Limit", "5.5"}});
    EXPECT_EQ(x.retry_after_ms, std::nullopt) << value;
    EXPECT_EQ(x.limit, std::nullopt);
    EXPECT_EQ(x.unreadable, "Retry-After") << value;
  }
  EXPECT_EQ(read_rate_limit({}).limit, std::nullopt);
  EXPECT_EQ(read_rate_limit(std::vector<header_view>{{"X-RateLimit-Scope", "new"}}).scope, limit_scope::none);
}

TEST(RateLimit, GivenBodyWhenDecodedThenRoundedUp) {
  auto x =
      value_of(decode_rate_limited(R"({"message":"...","retry_after":1.3371,"global":true,"code":20028})"));
  EXPECT_EQ(x.retry_after_ms, 1338);
  EXPECT_TRUE(x.global);
  EXPECT_EQ(x.code, 20028);
  EXPECT_EQ(value_of(decode_rate_limited(R"({"retry_after":0})")).retry_after_ms, 0);
  EXPECT_EQ(refusal_of(decode_rate_limited(R"({"global":false})")), "retry_after: is missing");
  EXPECT_EQ(refusal_of(decode_rate_limited(R"({"retry_after":-1})")), "retry_after: is out of range");
  EXPECT_EQ(refusal_of(decode_rate_limited(R"({"retry_after":"1"})")), "retry_after: must be a number");
  EXPECT_NE(refusal_of(decode_rate_limited("<html>")), "");
}

} // namespace
} // namespace tutti::tests::discord

#include "services/redis/server_checks.hpp"

#include <gtest/gtest.h>

namespace {

using namespace tutti::services::redis;

reply setting(const char* name, const char* value) {
  return reply::array({reply::text(reply::kind::string, name), reply::text(reply::kind::string, value)});
}

batch_result settings(const char* appendonly, const char* appendfsync, const char* policy) {
  return {{setting("appendonly", appendonly), setting("appendfsync", appendfsync),
           setting("maxmemory-policy", policy)}};
}

TEST(RedisServerChecks, GivenDurableServerWhenCheckedThenNoFinding) {
  EXPECT_TRUE(durability_findings(settings("yes", "everysec", "noeviction")).empty());
  EXPECT_TRUE(durability_findings(settings("yes", "always", "noeviction")).empty());
}

TEST(RedisServerChecks, GivenForgetfulServerWhenCheckedThenASentenceEach) {
  auto found = durability_findings(settings("no", "no", "allkeys-lru"));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_TRUE(found[0].starts_with("appendonly is no: "));
  EXPECT_TRUE(found[1].starts_with("appendfsync is no: "));
  EXPECT_TRUE(found[2].starts_with("maxmemory-policy is allkeys-lru: "));
}

TEST(RedisServerChecks, GivenNothingToReadWhenCheckedThenSaysSo) {
  batch_result refused{
      {reply::text(reply::kind::error, "NOPERM no"), reply::array({}), reply{}}, outcome::unknown, "lost"};
  auto found = durability_findings(refused);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0], "appendonly could not be checked, CONFIG GET is refused: NOPERM no");
  EXPECT_EQ(found[1], "appendfsync could not be checked: the server does not know it");
  EXPECT_EQ(found[2], "maxmemory-policy could not be checked: lost");
}

} // namespace

#include "runtime/error.hpp"
#include "services/redis/protocol/url.hpp"

#include <gtest/gtest.h>

namespace {

using tutti::services::redis::parse_url;

TEST(RedisUrl, GivenOnlyHostWhenParsedThenDefaults) {
  auto got = parse_url("redis://cache.local");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->host, "cache.local");
  EXPECT_EQ(got->port, 6379);
  EXPECT_FALSE(got->tls);
  EXPECT_EQ(got->user, "");
  EXPECT_EQ(got->password, "");
  EXPECT_EQ(got->database, 0u);
}

TEST(RedisUrl, GivenEveryPartWhenParsedThenDecoded) {
  auto got = parse_url("rediss://al%69ce:p%40ss%2Fw%25:rd@[::1]:7000/12");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->host, "::1");
  EXPECT_EQ(got->port, 7000);
  EXPECT_TRUE(got->tls);
  EXPECT_EQ(got->user, "alice");
  EXPECT_EQ(got->password, "p@ss/w%:rd");
  EXPECT_EQ(got->database, 12u);
  EXPECT_EQ(to_string(*got), "[::1]:7000");
}

TEST(RedisUrl, GivenPasswordOnlyWhenParsedThenDefaultUser) {
  auto got = parse_url("redis://:secret@h:1/");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->user, "");
  EXPECT_EQ(got->password, "secret");
}

TEST(RedisUrl, GivenWrongUrlWhenParsedThenSaysWhatWithoutSecrets) {
  struct example {
    const char* url;
    const char* words;
  };
  for (auto [url, words] : std::initializer_list<example>{
           {"http://h", "must begin with redis:// or rediss://"},
           {"secret", "must begin with redis:// or rediss://"},
           {"redis://", "has no valid host"},
           {"redis://h:0", "has no valid host"},
           {"redis://h:99999", "has no valid host"},
           {"redis://::1", "has no valid host"},
           {"redis://secret@h", "must have user:password@"},
           {"redis://u:@h", "has a user without a password"},
           {"redis://u:secret%4@h", "two hexadecimal digits"},
           {"redis://u:secret%zz@h", "two hexadecimal digits"},
           {"redis://h/x", "a database's number"},
           {"redis://h/1/2", "a database's number"},
           {"redis://h/-1", "a database's number"},
           {"redis://h?db=1", "a database's number"},
           {"redis://h/99999999999", "a database's number"},
       }) {
    auto got = parse_url(url);
    ASSERT_FALSE(got) << url;
    auto said = tutti::runtime::words(got.error());
    EXPECT_NE(said.find(words), said.npos) << url << ": " << said;
    EXPECT_EQ(said.find("secret"), said.npos) << said;
    EXPECT_TRUE(tutti::runtime::is(got.error(), tutti::runtime::ec::rejected));
  }
}

} // namespace

#include "runtime/error.hpp"
#include "services/redis/protocol/handshake.hpp"
#include "services/redis/protocol/reply_parser.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using namespace tutti::services::redis;
using tutti::runtime::ec;

reply bulk(std::string text) {
  return reply::text(reply::kind::string, std::move(text));
}
reply refusal(std::string text) {
  return reply::text(reply::kind::error, std::move(text));
}

/// To a handshake without a password.
std::vector<reply> good_replies() {
  return {bulk("OK"), bulk("OK"),
          bulk("# Server\r\nredis_version:6.2.0\r\nredis_mode:standalone\r\nrun_id:r1\r\n"),
          bulk("# Replication\r\nrole:master\r\n"),
          bulk("# Persistence\r\nloading:0\r\nasync_loading:0\r\n")};
}

TEST(RedisHandshake, GivenUserAndDatabaseWhenBuiltThenLogsInFirst) {
  EXPECT_TRUE(
      handshake({.user = "u", .password = "p", .database = 3}, "n")
          .bytes()
          .starts_with("*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"));
  EXPECT_TRUE(handshake({.password = "p"}, "n").bytes().starts_with("*2\r\n$4\r\nAUTH\r\n$1\r\np\r\n"));
  EXPECT_EQ(handshake({}, "n").size(), 5u);
}

TEST(RedisHandshake, GivenGoodServerWhenJudgedThenFacts) {
  auto facts = judge_handshake({}, good_replies());
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->version, "6.2.0");
  EXPECT_EQ(facts->run_id, "r1");
}

TEST(RedisHandshake, GivenBadAnswersWhenJudgedThenSaysWhichAndWhetherToRetry) {
  struct example {
    std::size_t index;
    reply answer;
    ec code;
    const char* words;
  };
  for (auto& [index, answer, code, words] : std::vector<example>{
           {0, refusal("ERR DB index is out of range"), ec::rejected, "database 3 cannot be selected"},
           {0, refusal("NOAUTH Authentication required."), ec::rejected, "wants a password"},
           {1, refusal("ERR unknown subcommand"), ec::rejected, "CLIENT SETNAME is refused"},
           {2, refusal("NOPERM no"), ec::rejected, "INFO is refused"},
           {2, refusal("LOADING Redis is loading"), ec::unavailable, "LOADING"},
           {2, bulk("redis_version:6.0.16\r\n"), ec::rejected, "6.0.16 is too old"},
           {2, bulk("redis_version:5.9\r\n"), ec::rejected, "too old"},
           {2, bulk("x"), ec::rejected, "too old"},
           {3, bulk("role:slave\r\nmaster_host:x\r\n"), ec::unavailable, "replica, which takes no writes"},
           {4, bulk("loading:1\r\n"), ec::unavailable, "still loading"},
       }) {
    auto replies = good_replies();
    replies[index] = answer;
    auto facts = judge_handshake({.database = 3}, replies);
    ASSERT_FALSE(facts) << words;
    EXPECT_TRUE(is(facts.error(), code)) << words;
    auto said = tutti::runtime::words(facts.error());
    EXPECT_NE(said.find(words), said.npos) << said;
  }
}

TEST(RedisHandshake, GivenRefusedLoginWhenJudgedThenPasswordIsNotRepeated) {
  auto replies = good_replies();
  replies.insert(replies.begin(), refusal("ERR unknown command 'AUTH', with args beginning with: 'hush'"));
  auto facts = judge_handshake({.password = "hush"}, replies);
  ASSERT_FALSE(facts);
  EXPECT_EQ(tutti::runtime::words(facts.error()), "AUTH is refused");
  replies[0] = refusal("WRONGPASS invalid username-password pair");
  EXPECT_EQ(tutti::runtime::words(judge_handshake({.password = "hush"}, replies).error()),
            "wrong user or password, or the user is disabled");
}

TEST(RedisHandshake, GivenInfoWhenFieldIsSoughtThenWholeNameCounts) {
  EXPECT_EQ(info_field("a:1\r\nab:2\r\nb:3", "b"), "3");
  EXPECT_EQ(info_field("a:1\r\nab:2\r\n", "ab"), "2");
  EXPECT_EQ(info_field("ab:2\r\n", "a"), "");
  EXPECT_EQ(info_field("", "a"), "");
}

} // namespace

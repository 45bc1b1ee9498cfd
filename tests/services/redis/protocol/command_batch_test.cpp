#include "services/redis/protocol/command_batch.hpp"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace {

using tutti::services::redis::command_batch;
using tutti::services::redis::script;
using namespace std::string_literals;

TEST(RedisCommandBatch, GivenWordsAndNumbersWhenAddedThenBulkStrings) {
  command_batch b;
  b.add("SET", "k", -17).add("GET", std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(b.bytes(), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n-17\r\n"
                       "*2\r\n$3\r\nGET\r\n$20\r\n18446744073709551615\r\n");
  EXPECT_EQ(b.size(), 2u);
  EXPECT_TRUE(b.complete());
}

TEST(RedisCommandBatch, GivenBinaryWordsWhenAddedThenUnchanged) {
  command_batch b;
  b.add("\0\r\n"s, ""s);
  EXPECT_EQ(b.bytes(), "*2\r\n$3\r\n\0\r\n\r\n$0\r\n\r\n"s);
}

TEST(RedisCommandBatch, GivenTooFewOrTooManyWordsWhenAskedThenNotComplete) {
  command_batch few;
  few.begin(2).arg("GET");
  EXPECT_FALSE(few.complete());
  few.begin(1).arg("PING");
  EXPECT_FALSE(few.complete());
  command_batch many;
  many.begin(1).arg("PING").arg("x");
  EXPECT_FALSE(many.complete());
  command_batch none;
  none.begin(0);
  EXPECT_FALSE(none.complete());
}

TEST(RedisCommandBatch, GivenScriptWhenCalledThenEvalshaAndItsBytesAreKnown) {
  script s{"return 1"};
  EXPECT_EQ(s.sha1(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  command_batch b;
  b.add("PING").call(s, 1, 1).arg("key").arg(5).add("PING");
  auto call =
      "*5\r\n$7\r\nEVALSHA\r\n$40\r\n" + std::string{s.sha1()} + "\r\n$1\r\n1\r\n$3\r\nkey\r\n$1\r\n5\r\n";
  EXPECT_EQ(b.bytes(), "*1\r\n$4\r\nPING\r\n" + call + "*1\r\n$4\r\nPING\r\n");
  ASSERT_EQ(b.script_calls().size(), 1u);
  auto& at = b.script_calls()[0];
  EXPECT_EQ(at.index, 1u);
  EXPECT_EQ(b.bytes().substr(at.begin, at.end - at.begin), call);
  EXPECT_TRUE(b.complete());
}

TEST(RedisCommandBatch, GivenScriptWithoutWordsWhenCalledThenItsBytesAreKnown) {
  command_batch b;
  b.call(script{"return 1"}, 0, 0).add("PING");
  EXPECT_TRUE(b.complete());
  EXPECT_TRUE(b.bytes().substr(b.script_calls()[0].end).starts_with("*1\r\n"));
}

} // namespace

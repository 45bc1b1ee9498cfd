#include "runtime/error.hpp"
#include "services/redis/protocol/reply_parser.hpp"

#include <string>

#include <gtest/gtest.h>

namespace {

using namespace tutti::services::redis;
using namespace std::string_literals;
using kind = reply::kind;

/// As text, for comparing.
std::string shown(const reply& r) {
  switch (r.type()) {
  case kind::missing:
    return "missing";
  case kind::nil:
    return "nil";
  case kind::integer:
    return std::to_string(r.integer());
  case kind::string:
    return "'" + std::string{r.text()} + "'";
  case kind::status:
    return "+" + std::string{r.text()};
  case kind::error:
    return "-" + std::string{r.text()};
  case kind::array:
    break;
  }
  std::string out = "[";
  for (auto& e : r.elements())
    out += shown(e) + " ";
  return out + "]";
}

std::string all(reply_parser& p) {
  std::string out;
  reply r;
  while (p.next(r))
    out += shown(r) + ";";
  return out;
}

const std::string every_kind = "+OK\r\n-ERR no\r\n:-5\r\n$-1\r\n*-1\r\n$5\r\na\0\r\nb\r\n$0\r\n\r\n*0\r\n"
                               "*3\r\n:1\r\n*2\r\n$1\r\nx\r\n*1\r\n-ERR in\r\n$-1\r\n"s;
const std::string every_kind_shown = "+OK;-ERR no;-5;nil;nil;'a\0\r\nb';'';[];[1 ['x' [-ERR in ] ] nil ];"s;

TEST(RedisReplyParser, GivenEveryKindWhenFedAtOnceThenParsed) {
  reply_parser p{1000};
  p.feed(every_kind);
  EXPECT_EQ(all(p), every_kind_shown);
  EXPECT_EQ(p.error(), "");
}

TEST(RedisReplyParser, GivenEveryKindWhenFedByteByByteThenTheSame) {
  reply_parser p{1000};
  std::string got;
  for (char c : every_kind) {
    p.feed({&c, 1});
    got += all(p);
  }
  EXPECT_EQ(got, every_kind_shown);
  EXPECT_EQ(p.error(), "");
}

TEST(RedisReplyParser, GivenManyRepliesWhenParsedThenBoundIsForEach) {
  reply_parser p{1000};
  for (int i = 0; i < 100; ++i) {
    p.feed("$900\r\n" + std::string(900, 'x') + "\r\n");
    reply r;
    ASSERT_TRUE(p.next(r)) << p.error();
    EXPECT_EQ(r.text().size(), 900u);
  }
}

TEST(RedisReplyParser, GivenGarbageWhenParsedThenErrorForGood) {
  reply_parser p{1000};
  p.feed("+OK\r\nHTTP/1.1 400\r\n");
  EXPECT_EQ(all(p), "+OK;");
  EXPECT_TRUE(p.error().starts_with("not the Redis protocol")) << p.error();
  p.feed("+OK\r\n");
  EXPECT_EQ(all(p), "");
}

TEST(RedisReplyParser, GivenHugeAnnouncementsWhenParsedThenRefusedAtOnce) {
  for (auto* bytes : {"$2147483648\r\n", "$99999999999999999999\r\n", "*1\r\n$1001\r\n", "*2147483647\r\n",
                      "*1000\r\n", "*20\r\n*20\r\n"}) {
    reply_parser p{1000};
    p.feed(bytes);
    EXPECT_EQ(all(p), "") << bytes;
    EXPECT_NE(p.error(), "") << bytes;
  }
}

TEST(RedisReplyParser, GivenManySmallPartsWhenTheirSumIsTooLargeThenRefused) {
  reply_parser p{1000};
  p.feed("*10\r\n");
  for (int i = 0; i < 10; ++i)
    p.feed("$90\r\n" + std::string(90, 'x') + "\r\n");
  EXPECT_EQ(all(p), "");
  EXPECT_EQ(p.error(), "a reply is larger than 1000 bytes");
}

TEST(RedisReplyParser, GivenDeepNestingWhenParsedThenRefused) {
  reply_parser p{100'000};
  for (int i = 0; i < 100; ++i)
    p.feed("*1\r\n");
  EXPECT_EQ(all(p), "");
  EXPECT_TRUE(p.error().starts_with("not the Redis protocol")) << p.error();
}

TEST(RedisReplyParser, GivenEndlessLineWhenParsedThenRefused) {
  reply_parser p{1'000'000};
  p.feed("+");
  for (int i = 0; i < 100 && p.error().empty(); ++i) {
    p.feed(std::string(1000, 'x'));
    EXPECT_EQ(all(p), "");
  }
  EXPECT_EQ(p.error(), "not the Redis protocol: an endless line");
}

TEST(RedisReply, GivenErrorsWhenAskedThenWordsAndCodes) {
  using tutti::runtime::ec;
  auto of = [](const char* text) { return reply::text(kind::error, text); };
  EXPECT_TRUE(of("OOM command not allowed").is_error("OOM"));
  EXPECT_FALSE(of("OOMX").is_error("OOM"));
  EXPECT_FALSE(reply::text(kind::string, "OOM x").is_error("OOM"));
  EXPECT_TRUE(is(to_error(of("OOM command not allowed")), ec::unavailable));
  EXPECT_TRUE(is(to_error(of("LOADING x")), ec::unavailable));
  EXPECT_TRUE(is(to_error(of("WRONGTYPE x")), ec::rejected));
  EXPECT_FALSE(to_error(reply::integer(1)));
}

TEST(RedisReply, GivenLostBatchWhenAskedThenOutcomeIsInTheCode) {
  using tutti::runtime::ec;
  EXPECT_FALSE(to_error(batch_result{}));
  EXPECT_TRUE(is(to_error(batch_result{{}, outcome::not_sent, "x"}), ec::unavailable));
  EXPECT_TRUE(is(to_error(batch_result{{}, outcome::unknown, "x"}), ec::timeout));
}

} // namespace

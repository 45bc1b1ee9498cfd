#include "services/redis/pending_call.hpp"

#include <string>

#include <gtest/gtest.h>

namespace {

using namespace tutti::services::redis;

reply no_script() {
  return reply::text(reply::kind::error, "NOSCRIPT No matching script.");
}

struct RedisPendingCall : testing::Test {
  script one{"return 1"}, two{"return 2"};
  std::string out;

  pending_call of(command_batch batch) {
    return {std::move(batch), pending_call::clock::time_point::max(), [](batch_result&&) {}};
  }
  std::string written(pending_call& call) {
    out.clear();
    call.write_to(out, pending_call::clock::now());
    return out;
  }
};

TEST_F(RedisPendingCall, GivenUnknownScriptsWhenRepeatedThenSourceIsSentOnceAndRepliesFindTheirPlace) {
  command_batch batch;
  batch.call(one, 1, 1).arg("k").arg("v").add("PING").call(two, 0, 0).call(one, 0, 0);
  auto bytes = batch.bytes();
  auto call = of(std::move(batch));
  EXPECT_EQ(written(call), bytes);
  EXPECT_FALSE(call.take(no_script()));
  EXPECT_FALSE(call.take(reply::text(reply::kind::status, "PONG")));
  EXPECT_FALSE(call.take(reply::integer(2)));
  EXPECT_TRUE(call.take(no_script()));
  ASSERT_TRUE(call.must_repeat());
  call.begin_repeat();
  command_batch again;
  again.add("EVAL", "return 1", 1, "k", "v").add("EVALSHA", one.sha1(), 0);
  EXPECT_EQ(written(call), again.bytes());
  EXPECT_FALSE(call.take(reply::integer(10)));
  EXPECT_TRUE(call.take(reply::integer(11)));
  EXPECT_FALSE(call.must_repeat());
  auto result = call.settle(outcome::answered, "").second;
  ASSERT_EQ(result.replies.size(), 4u);
  EXPECT_EQ(result.replies[0].integer(), 10);
  EXPECT_EQ(result.replies[1].text(), "PONG");
  EXPECT_EQ(result.replies[2].integer(), 2);
  EXPECT_EQ(result.replies[3].integer(), 11);
}

TEST_F(RedisPendingCall, GivenScriptFlushedDuringTheRepeatWhenTakenThenTheRestIsRepeatedAgain) {
  command_batch batch;
  batch.call(one, 0, 0).call(one, 1, 0).arg("k");
  auto call = of(std::move(batch));
  written(call);
  EXPECT_FALSE(call.take(no_script()));
  EXPECT_TRUE(call.take(no_script()));
  call.begin_repeat();
  written(call);
  EXPECT_FALSE(call.take(reply::integer(10)));
  EXPECT_TRUE(call.take(no_script()));
  ASSERT_TRUE(call.must_repeat());
  call.begin_repeat();
  command_batch again;
  again.add("EVAL", "return 1", 1, "k");
  EXPECT_EQ(written(call), again.bytes());
  EXPECT_TRUE(call.take(reply::integer(11)));
  EXPECT_FALSE(call.must_repeat());
  auto result = call.settle(outcome::answered, "").second;
  EXPECT_EQ(result.replies[0].integer(), 10);
  EXPECT_EQ(result.replies[1].integer(), 11);
}

TEST_F(RedisPendingCall, GivenNoscriptToAnotherCommandWhenTakenThenItIsAReply) {
  command_batch batch;
  batch.add("EVALSHA", one.sha1(), 0).call(two, 0, 0);
  auto call = of(std::move(batch));
  written(call);
  EXPECT_FALSE(call.take(no_script()));
  EXPECT_TRUE(call.take(reply::integer(2)));
  EXPECT_FALSE(call.must_repeat());
  EXPECT_TRUE(call.settle(outcome::answered, "").second.replies[0].is_error("NOSCRIPT"));
}

TEST_F(RedisPendingCall, GivenSettledWhenRepliesComeThenCountedAndNeverRepeated) {
  command_batch batch;
  batch.call(one, 0, 0).add("PING");
  auto call = of(std::move(batch));
  written(call);
  auto [done, result] = call.settle(outcome::unknown, "late");
  EXPECT_TRUE(done);
  EXPECT_EQ(result.replies.size(), 2u);
  EXPECT_TRUE(call.settled());
  EXPECT_FALSE(call.take(no_script()));
  EXPECT_TRUE(call.take(reply::nil()));
  EXPECT_FALSE(call.must_repeat());
}

TEST_F(RedisPendingCall, GivenSettledDuringRepeatWhenRepliesComeThenCounted) {
  command_batch batch;
  batch.call(one, 0, 0).call(one, 0, 0);
  auto call = of(std::move(batch));
  written(call);
  call.take(no_script());
  EXPECT_TRUE(call.take(no_script()));
  call.begin_repeat();
  written(call);
  call.settle(outcome::unknown, "late");
  EXPECT_FALSE(call.take(reply::nil()));
  EXPECT_TRUE(call.take(no_script()));
  EXPECT_FALSE(call.must_repeat());
}

} // namespace

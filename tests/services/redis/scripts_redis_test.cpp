#include "tests/services/redis/support.hpp"
#include "tests/support/redis_server.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using namespace tutti::tests::services_redis;
using tutti::services::redis::script;

struct RedisScripts : testing::Test {
  tutti::tests::redis_server server;
  running r{server.url()};
  script add{"return redis.call('INCRBY', KEYS[1], ARGV[1])"};

  command_batch adding(int what) {
    command_batch batch;
    batch.call(add, 1, 1).arg("sum").arg(what);
    return batch;
  }
};

TEST_F(RedisScripts, GivenUnknownScriptWhenCalledThenRunOnceAndKnownFromThenOn) {
  EXPECT_EQ(call(r.redis, adding(5)).replies[0].integer(), 5);
  EXPECT_EQ(call(r.redis, adding(5)).replies[0].integer(), 10);
  EXPECT_EQ(r.redis.counters().scripts_loaded, 1u);
}

TEST_F(RedisScripts, GivenScriptFlushWhenCalledAgainThenLoadedAgain) {
  EXPECT_EQ(call(r.redis, adding(1)).replies[0].integer(), 1);
  server.cli({"SCRIPT", "FLUSH"});
  EXPECT_EQ(call(r.redis, adding(1)).replies[0].integer(), 2);
  EXPECT_EQ(r.redis.counters().scripts_loaded, 2u);
}

TEST_F(RedisScripts, GivenUnknownScriptsInPipelineWhenFlushedMeanwhileThenEachRunsExactlyOnce) {
  constexpr int count = 2000;
  std::vector<std::future<batch_result>> open;
  for (int i = 0; i < count; ++i) {
    auto batch = adding(1);
    batch.add("ECHO", i);
    batch.call(add, 1, 1).arg("sum").arg(1);
    open.push_back(start(r.redis, std::move(batch)));
    if (i % 500 == 250)
      server.cli({"SCRIPT", "FLUSH"});
  }
  for (int i = 0; i < count; ++i) {
    auto result = open[static_cast<std::size_t>(i)].get();
    ASSERT_EQ(result.lost, outcome::answered) << result.reason;
    EXPECT_EQ(result.replies[1].text(), std::to_string(i));
    EXPECT_EQ(result.replies[0].type(), reply::kind::integer) << result.replies[0].text();
    EXPECT_EQ(result.replies[2].type(), reply::kind::integer) << result.replies[2].text();
  }
  EXPECT_EQ(ask(r.redis, "GET", "sum").text(), std::to_string(2 * count));
}

TEST_F(RedisScripts, GivenBrokenScriptWhenCalledThenItsErrorIsTold) {
  script broken{"this is not Lua"};
  command_batch batch;
  batch.call(broken, 0, 0);
  auto result = call(r.redis, std::move(batch));
  ASSERT_TRUE(result.replies[0].is_error());
  EXPECT_NE(result.replies[0].text().find("Error compiling script"), std::string::npos)
      << result.replies[0].text();
}

} // namespace

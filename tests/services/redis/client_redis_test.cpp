#include "services/redis/actor_replies.hpp"
#include "tests/services/redis/support.hpp"
#include "tests/support/redis_server.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

namespace {

using namespace tutti::tests::services_redis;
using tutti::tests::redis_server;
using namespace std::chrono_literals;
using namespace std::string_literals;

struct RedisClient : testing::Test {
  redis_server server;
};

TEST_F(RedisClient, GivenServerWhenConnectedThenItsFactsAreKnown) {
  running r{server.url()};
  ASSERT_TRUE(r.connected());
  auto info = server.cli({"INFO", "server"});
  auto state = r.redis.state();
  EXPECT_EQ(state.server.version, tutti::services::redis::info_field(info, "redis_version"));
  EXPECT_EQ(state.server.run_id, tutti::services::redis::info_field(info, "run_id"));
  EXPECT_EQ(state.reason, "");
  EXPECT_NE(server.cli({"CLIENT", "LIST"}).find("name=tutti"), std::string::npos);
}

TEST_F(RedisClient, GivenBinaryWordsWhenStoredThenTheSameComesBack) {
  running r{server.url()};
  std::string key = "\0 \r\n$3\r\n\xff"s, value;
  for (int i = 0; i < 100'000; ++i)
    value += static_cast<char>(i * 31);
  EXPECT_EQ(ask(r.redis, "SET", key, value).text(), "OK");
  EXPECT_EQ(ask(r.redis, "GET", key).text(), value);
  EXPECT_EQ(ask(r.redis, "SET", "empty", "").text(), "OK");
  EXPECT_EQ(ask(r.redis, "GET", "empty").type(), reply::kind::string);
  EXPECT_EQ(ask(r.redis, "GET", "none").type(), reply::kind::nil);
}

TEST_F(RedisClient, GivenManyThreadsWhenTheySendThenEachGetsItsOwnRepliesInOrder) {
  running r{server.url()};
  constexpr int threads = 8, rounds = 500;
  std::atomic<int> right{0};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      std::vector<std::future<batch_result>> open;
      for (int i = 0; i < rounds; ++i) {
        command_batch batch;
        batch.add("ECHO", std::to_string(t) + "/" + std::to_string(i))
            .add("INCR", "count:" + std::to_string(t));
        open.push_back(start(r.redis, std::move(batch)));
      }
      for (int i = 0; i < rounds; ++i) {
        auto got = open[static_cast<std::size_t>(i)].get();
        if (got.lost == outcome::answered
            && got.replies[0].text() == std::to_string(t) + "/" + std::to_string(i)
            && got.replies[1].integer() == i + 1)
          ++right;
      }
    });
  for (auto& t : all)
    t.join();
  EXPECT_EQ(right, threads * rounds);
  EXPECT_EQ(r.redis.counters().commands, 2u * threads * rounds);
  // One write for many: without pipelining the server would have read once for each.
  auto reads = std::stoul(std::string{
      tutti::services::redis::info_field(server.cli({"INFO", "stats"}), "total_reads_processed")});
  EXPECT_LT(reads, 2u * threads * rounds / 2);
}

TEST_F(RedisClient, GivenHundredThousandCommandsWhenInOneBatchThenAllAnswered) {
  running r{server.url()};
  constexpr int count = 100'000;
  command_batch batch;
  for (int i = 0; i < count; ++i)
    batch.add("RPUSH", "list", i);
  auto result = call(r.redis, std::move(batch), 30s);
  ASSERT_EQ(result.lost, outcome::answered) << result.reason;
  ASSERT_EQ(result.replies.size(), std::size_t{count});
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(result.replies[static_cast<std::size_t>(i)].integer(), i + 1);
  auto all = ask(r.redis, "LRANGE", "list", 0, -1);
  ASSERT_EQ(all.elements().size(), std::size_t{count});
  EXPECT_EQ(all.elements()[99'999].text(), "99999");
}

TEST_F(RedisClient, GivenErrorWithinBatchWhenAnsweredThenOthersStand) {
  running r{server.url()};
  command_batch batch;
  batch.add("SET", "k", "v").add("LPUSH", "k", "x").add("GET", "k");
  auto result = call(r.redis, std::move(batch));
  EXPECT_EQ(result.lost, outcome::answered);
  EXPECT_TRUE(result.replies[1].is_error("WRONGTYPE"));
  EXPECT_EQ(result.replies[2].text(), "v");
  EXPECT_EQ(r.redis.counters().server_errors, 1u);
}

TEST_F(RedisClient, GivenReplyBeyondTheBoundWhenReadThenUnknownAndConnectedAgain) {
  auto options = at(server.url());
  options.max_reply_bytes = 1'000'000;
  running r{options};
  EXPECT_EQ(ask(r.redis, "SET", "big", std::string(1'100'000, 'x')).text(), "OK");
  auto result = call(r.redis, command("GET", "big"));
  EXPECT_EQ(result.lost, outcome::unknown);
  EXPECT_NE(result.reason.find("larger than 1000000 bytes"), result.reason.npos) << result.reason;
  ASSERT_TRUE(r.connected());
  EXPECT_EQ(ask(r.redis, "PING").text(), "PONG");
}

TEST_F(RedisClient, GivenPrefixWhenKeyIsMadeThenItStartsWithIt) {
  auto options = at(server.url());
  options.key_prefix = "music:";
  running r{options};
  EXPECT_EQ(r.redis.key("jobs"), "music:jobs");
}

TEST_F(RedisClient, GivenIdleClientWhenTimePassesThenPingsTellTheRoundTrip) {
  auto options = at(server.url());
  options.ping_interval = 10ms;
  running r{options};
  EXPECT_TRUE(eventually([&] { return r.redis.counters().commands >= 3; }));
  EXPECT_GT(r.redis.state().round_trip, 0us);
  EXPECT_TRUE(r.redis.state().connected);
}

TEST_F(RedisClient, GivenBlockingReadWhenAnotherClientWritesThenItIsAnswered) {
  running reader{server.url()};
  running writer{server.url()};
  auto waiting = start(reader.redis, command("BLPOP", "list", 30));
  EXPECT_TRUE(eventually([&] {
    return server.cli({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
  }));
  EXPECT_EQ(ask(writer.redis, "LPUSH", "list", "x").integer(), 1);
  auto result = waiting.get();
  ASSERT_EQ(result.replies[0].elements().size(), 2u);
  EXPECT_EQ(result.replies[0].elements()[1].text(), "x");
}

TEST_F(RedisClient, GivenBlockingReadWhenStoppedThenToldAtOnce) {
  running reader{server.url()};
  auto waiting = start(reader.redis, command("BLPOP", "list", 0), 1h);
  EXPECT_TRUE(eventually([&] {
    return server.cli({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
  }));
  auto began = std::chrono::steady_clock::now();
  reader.redis.stop();
  ASSERT_EQ(waiting.wait_for(0s), std::future_status::ready);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  EXPECT_EQ(waiting.get().lost, outcome::unknown);
  EXPECT_TRUE(eventually([&] {
    return server.cli({"INFO", "clients"}).find("blocked_clients:0") != std::string::npos;
  }));
}

TEST_F(RedisClient, GivenManySendsWhenTheClientIsDestroyedThenEachCallbackOnce) {
  constexpr int count = 5000;
  std::vector<std::atomic<int>> told(count);
  {
    running r{server.url()};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int i = t; i < count; i += 4)
          r.redis.send(command("INCR", "n"), client::clock::now() + 10s,
                       [&told, i](batch_result&&) { ++told[static_cast<std::size_t>(i)]; });
      });
    for (auto& t : threads)
      t.join();
  }
  for (auto& once : told)
    ASSERT_EQ(once, 1);
}

TEST_F(RedisClient, GivenActorWhenItSendsThenRepliesComeAsMessageWithTheCallsNumber) {
  using namespace tutti::services::redis;
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  running r{server.url()};
  caf::scoped_actor self{sys};
  auto asker = caf::actor_cast<caf::actor>(self);
  send_for(asker, r.redis, command("INCR", "n"), client::clock::now() + 5s, 7);
  send_for(asker, r.redis, command("INCR", "n"), client::clock::now() + 5s, 8);
  for (std::uint64_t number : {7, 8}) {
    bool came = false;
    self->receive(
        [&](redis_replies& answer) {
          came = true;
          EXPECT_EQ(answer.call, number);
          ASSERT_EQ(answer.result.replies.size(), 1u);
          EXPECT_EQ(answer.result.replies[0].integer(), static_cast<std::int64_t>(number) - 6);
        },
        caf::after(10s) >> [] {});
    EXPECT_TRUE(came);
  }
}

} // namespace

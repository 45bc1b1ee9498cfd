#include "tests/services/redis/support.hpp"
#include "tests/support/redis_server.hpp"

#include <atomic>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using namespace tutti::tests::services_redis;
using tutti::tests::redis_server;
using namespace std::chrono_literals;

TEST(RedisClientFaults, GivenFrozenServerWhenDeadlinePassesThenUnknownAndItHealsByItself) {
  redis_server server;
  running r{server.url()};
  ASSERT_TRUE(r.connected());
  server.freeze();
  auto began = std::chrono::steady_clock::now();
  auto result = call(r.redis, command("INCR", "n"), 200ms);
  auto took = std::chrono::steady_clock::now() - began;
  EXPECT_EQ(result.lost, outcome::unknown);
  EXPECT_GE(took, 200ms);
  EXPECT_LT(took, 2s);
  EXPECT_TRUE(eventually([&] { return !r.redis.state().connected; })); // the oldest was overdue
  server.thaw();
  ASSERT_TRUE(r.connected());
  EXPECT_EQ(ask(r.redis, "INCR", "n").integer(), 2); // unknown it was, and executed: nothing was sent twice
}

TEST(RedisClientFaults, GivenPausedServerWhenShortDeadlineIsBehindALongOneThenOnlyItFails) {
  redis_server server;
  running r{server.url()};
  ASSERT_TRUE(r.connected());
  server.cli({"CLIENT", "PAUSE", "1000"});
  auto patient = start(r.redis, command("INCR", "n"), 20s);
  auto hasty = call(r.redis, command("INCR", "n"), 100ms);
  EXPECT_EQ(hasty.lost, outcome::unknown);
  auto later = start(r.redis, command("INCR", "n"), 20s);
  EXPECT_EQ(patient.get().replies.at(0).integer(), 1);
  EXPECT_EQ(later.get().replies.at(0).integer(), 3); // the reply to the hasty one did not go astray
  EXPECT_EQ(r.redis.counters().losses, 0u);
}

TEST(RedisClientFaults, GivenFrozenServerWhenIdleThenThePingNotices) {
  redis_server server;
  auto options = at(server.url());
  options.ping_interval = 20ms;
  options.connect_timeout = 200ms;
  running r{options};
  ASSERT_TRUE(r.connected());
  server.freeze();
  EXPECT_TRUE(eventually([&] { return !r.redis.state().connected; }));
  EXPECT_EQ(r.redis.counters().unknown, 1u);
  server.thaw();
  EXPECT_TRUE(r.connected());
}

TEST(RedisClientFaults, GivenServerKilledMidFlightWhenToldThenWrittenIsUnknownAndTheRestNotSent) {
  redis_server server;
  running r{server.url()};
  ASSERT_TRUE(r.connected());
  server.freeze();
  auto small = start(r.redis, command("INCR", "n"));
  // Far more than the sockets' buffers take, each larger than what is written at once.
  std::vector<std::future<batch_result>> large;
  for (int i = 0; i < 20; ++i)
    large.push_back(start(r.redis, command("SET", "k", std::string(2'000'000, 'x'))));
  EXPECT_EQ(small.wait_for(200ms), std::future_status::timeout);
  server.kill();
  EXPECT_EQ(small.get().lost, outcome::unknown);
  int unknown = 0, not_sent = 0;
  for (auto& one : large)
    ++(one.get().lost == outcome::unknown ? unknown : not_sent);
  EXPECT_GT(unknown, 0);
  EXPECT_GT(not_sent, 10);
}

TEST(RedisClientFaults, GivenServerRestartedWhenItIsBackThenWorksByItselfAndKeptWhatWasSynced) {
  redis_server server{{.arguments = {"--appendonly", "yes", "--appendfsync", "always"}}};
  running r{server.url()};
  EXPECT_EQ(ask(r.redis, "SET", "k", "v").text(), "OK");
  auto run_id = r.redis.state().server.run_id;
  server.kill();
  ASSERT_TRUE(eventually([&] { return !r.redis.state().connected; }));
  EXPECT_TRUE(eventually([&] { return call(r.redis, command("PING"), 50ms).lost == outcome::not_sent; }));
  server.start();
  ASSERT_TRUE(r.connected());
  EXPECT_EQ(ask(r.redis, "GET", "k").text(), "v");
  EXPECT_NE(r.redis.state().server.run_id, run_id);
  EXPECT_EQ(r.redis.counters().losses, 1u);
  EXPECT_EQ(r.redis.counters().connects, 2u);
}

TEST(RedisClientFaults, GivenLostTailOfTheAppendOnlyFileWhenRestartedThenOnlyTheTailIsGone) {
  redis_server server{{.arguments = {"--appendonly", "yes"}}};
  running r{server.url()};
  EXPECT_EQ(ask(r.redis, "SET", "first", "1").text(), "OK");
  EXPECT_EQ(ask(r.redis, "SET", "second", "2").text(), "OK");
  server.stop();
  server.cut_append_only_file(5);
  server.start();
  ASSERT_TRUE(r.connected());
  EXPECT_EQ(ask(r.redis, "GET", "first").text(), "1");
  EXPECT_EQ(ask(r.redis, "GET", "second").type(), reply::kind::nil);
}

TEST(RedisClientFaults, GivenFullMemoryWhenWritingThenOomIsTheServersErrorAndReadsGoOn) {
  redis_server server{{.arguments = {"--maxmemory", "3mb", "--maxmemory-policy", "noeviction"}}};
  running r{server.url()};
  EXPECT_EQ(ask(r.redis, "SET", "k", "v").text(), "OK");
  reply answer;
  for (int i = 0; i < 100 && !answer.is_error(); ++i)
    answer = ask(r.redis, "SET", "fill:" + std::to_string(i), std::string(100'000, 'x'));
  EXPECT_TRUE(answer.is_error("OOM")) << answer.text();
  EXPECT_EQ(ask(r.redis, "GET", "k").text(), "v");
  EXPECT_EQ(r.redis.counters().losses, 0u);
}

TEST(RedisClientFaults, GivenMasterThatBecomesReplicaWhenWritingThenErrorAndConnectedAnew) {
  redis_server other;
  redis_server server;
  running r{server.url()};
  EXPECT_EQ(ask(r.redis, "SET", "k", "v").text(), "OK");
  server.cli({"REPLICAOF", "127.0.0.1", std::to_string(other.port())});
  auto result = call(r.redis, command("SET", "k", "w"));
  ASSERT_EQ(result.lost, outcome::answered) << result.reason;
  EXPECT_TRUE(result.replies[0].is_error("READONLY")) << result.replies[0].text();
  EXPECT_TRUE(
      eventually([&] { return r.redis.state().reason == "the server is a replica, which takes no writes"; }));
  server.cli({"REPLICAOF", "NO", "ONE"});
  ASSERT_TRUE(r.connected());
  EXPECT_EQ(ask(r.redis, "SET", "k", "w").text(), "OK");
}

TEST(RedisClientFaults,
     GivenServerThatComesAndGoesWhenSendingAllTheTimeThenEveryCallIsToldOnceAndNothingDoubles) {
  redis_server server{{.arguments = {"--appendonly", "yes", "--appendfsync", "always"}}};
  running r{server.url()};
  ASSERT_TRUE(r.connected());
  std::atomic<int> sent{0}, answered{0}, unknown{0}, not_sent{0};
  std::atomic<bool> enough{false};
  std::thread sender{[&] {
    while (!enough) {
      if (sent - answered - unknown - not_sent > 64) {
        std::this_thread::yield();
        continue;
      }
      ++sent;
      r.redis.send(command("INCR", "n"), client::clock::now() + 2s, [&](batch_result&& result) {
        ++(result.lost == outcome::answered  ? answered
           : result.lost == outcome::unknown ? unknown
                                             : not_sent);
      });
    }
  }};
  for (int round = 0; round < 3; ++round) {
    int before = answered;
    EXPECT_TRUE(eventually([&] { return answered > before + 200; }));
    server.kill();
    server.start();
  }
  enough = true;
  sender.join();
  EXPECT_TRUE(eventually([&] { return sent == answered + unknown + not_sent; }));
  ASSERT_TRUE(r.connected());
  auto n = std::stoi(std::string{ask(r.redis, "GET", "n").text()});
  EXPECT_GE(n, answered);
  EXPECT_LE(n, answered + unknown);
}

} // namespace

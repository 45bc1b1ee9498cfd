#include "tests/services/redis/support.hpp"

#include <atomic>
#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace tutti::tests::services_redis;
using namespace std::chrono_literals;

/// What becomes of a call to a server that answers so.
batch_result answer_of(const fake_server& server, std::string& reason) {
  running r{server.url()};
  auto result = call(r.redis, command("GET", "k"), 3s);
  reason = result.reason;
  return result;
}

TEST(RedisClientHostile, GivenGarbageWhenAnsweredThenUnknownAndReasonSaysSo) {
  fake_server server{{.then = "HTTP/1.1 400 Bad Request\r\n\r\n"}};
  std::string reason;
  EXPECT_EQ(answer_of(server, reason).lost, outcome::unknown);
  EXPECT_NE(reason.find("not the Redis protocol"), reason.npos) << reason;
}

TEST(RedisClientHostile, GivenHalfAReplyWhenClosedThenUnknown) {
  fake_server server{{.then = "$10\r\nabc"}};
  std::string reason;
  auto result = answer_of(server, reason);
  EXPECT_EQ(result.lost, outcome::unknown);
  ASSERT_EQ(result.replies.size(), 1u);
  EXPECT_EQ(result.replies[0].type(), reply::kind::missing);
  EXPECT_NE(reason.find("closed by the server"), reason.npos) << reason;
}

TEST(RedisClientHostile, GivenHalfAReplyWhenNothingFollowsThenUnknownAtTheDeadline) {
  fake_server server{{.then = "$10\r\nabc", .close = false}};
  running r{server.url()};
  ASSERT_TRUE(r.connected());
  auto began = std::chrono::steady_clock::now();
  auto result = call(r.redis, command("GET", "k"), 200ms);
  EXPECT_EQ(result.lost, outcome::unknown);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 200ms);
}

TEST(RedisClientHostile, GivenTwoGigabyteBulkWhenAnnouncedThenConnectionEndsAtOnce) {
  fake_server server{{.then = "$2147483648\r\n", .close = false}};
  std::string reason;
  EXPECT_EQ(answer_of(server, reason).lost, outcome::unknown);
  EXPECT_NE(reason.find("larger than"), reason.npos) << reason;
}

TEST(RedisClientHostile, GivenMoreRepliesThanCommandsWhenReadThenConnectionEnds) {
  fake_server server{{.then = "+OK\r\n+OK\r\n", .close = false}};
  running r{server.url()};
  EXPECT_EQ(call(r.redis, command("GET", "k")).lost, outcome::answered);
  EXPECT_NE(r.refusal().find("an answer to nothing"), std::string::npos) << r.refusal();
}

TEST(RedisClientHostile, GivenOldLoadingOrReplicaServerWhenConnectingThenRefusedInWords) {
  struct example {
    std::string greeting;
    const char* words;
  };
  for (auto& [greeting, words] : std::vector<example>{
           {fake_server::greeting("6.0.16", "master", false), "Redis 6.0.16 is too old"},
           {fake_server::greeting("7.0.0", "master", true), "still loading"},
           {fake_server::greeting("7.0.0", "slave", false), "replica"},
           {"-ERR max number of clients reached\r\n", "max number of clients reached"},
           {"\x15\x03\x01\x00\x02\x02\x46", "not the Redis protocol"},
       }) {
    fake_server server{{.greeting = greeting}};
    running r{server.url()};
    // Waits while the first attempt is under way, fails with it.
    auto result = call(r.redis, command("GET", "k"));
    EXPECT_EQ(result.lost, outcome::not_sent) << words;
    EXPECT_NE(result.reason.find(words), result.reason.npos) << result.reason;
    EXPECT_FALSE(r.redis.state().connected);
  }
}

TEST(RedisClientHostile, GivenSilentServerWhenConnectingThenGivenUpInTime) {
  fake_server server{{.greeting = "+OK\r\n", .close = false}};
  auto options = at(server.url());
  options.connect_timeout = 100ms;
  running r{options};
  EXPECT_EQ(r.refusal(), "not connected within 100 ms, waiting for the log-in's answers");
}

TEST(RedisClientHostile, GivenNobodyListensWhenSentThenRefusedAtOnceAfterTheFirstAttempt) {
  std::string url;
  {
    fake_server gone{{}};
    url = gone.url();
  }
  running r{url};
  EXPECT_EQ(call(r.redis, command("PING")).lost, outcome::not_sent);
  auto result = call(r.redis, command("PING"), 1h);
  EXPECT_EQ(result.lost, outcome::not_sent);
  EXPECT_NE(result.reason.find("not connected to redis: no connection"), std::string::npos) << result.reason;
}

TEST(RedisClientHostile, GivenLongestDelayWhenItCannotConnectThenItTriesThatOften) {
  int listening = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&here), size), 0);
  ASSERT_EQ(::listen(listening, 16), 0);
  ::getsockname(listening, reinterpret_cast<sockaddr*>(&here), &size);
  auto options = at("redis://127.0.0.1:" + std::to_string(ntohs(here.sin_port)));
  options.longest_delay = 20ms;
  running r{options};
  auto until = std::chrono::steady_clock::now() + patience;
  int attempts = 0; // with the usual delays no ten in this time
  while (attempts < 30 && std::chrono::steady_clock::now() < until) {
    pollfd waiting{listening, POLLIN, 0};
    if (::poll(&waiting, 1, 100) != 1)
      continue;
    ::close(::accept(listening, nullptr, nullptr));
    ++attempts;
  }
  EXPECT_EQ(attempts, 30);
  ::close(listening);
}

TEST(RedisClientHostile, GivenBoundsWhenReachedThenRefusedInTheCall) {
  fake_server server{{.then = "", .close = false}}; // answers nothing
  auto options = at(server.url());
  options.max_commands = 10;
  options.max_bytes = 1000;
  running r{options};
  ASSERT_TRUE(r.connected());
  std::vector<std::future<batch_result>> held;
  for (int i = 0; i < 10; ++i)
    held.push_back(start(r.redis, command("PING")));
  auto over = start(r.redis, command("PING"));
  ASSERT_EQ(over.wait_for(0s), std::future_status::ready); // on this thread
  auto result = over.get();
  EXPECT_EQ(result.lost, outcome::not_sent);
  EXPECT_EQ(result.replies.size(), 1u);
  EXPECT_EQ(result.reason, "redis: too many commands are waiting");
  r.redis.stop();
  for (auto& one : held)
    EXPECT_EQ(one.get().lost, outcome::unknown);

  running big{options};
  EXPECT_EQ(start(big.redis, command("SET", "k", std::string(1000, 'x'))).get().reason,
            "redis: too many commands are waiting");
  auto fits = start(big.redis, command("PING")); // what was refused is not counted
  EXPECT_EQ(fits.wait_for(0s), std::future_status::timeout);
}

TEST(RedisClientHostile, GivenNothingOrNonsenseWhenSentThenToldInTheCall) {
  fake_server server{{}};
  running r{server.url()};
  EXPECT_EQ(start(r.redis, {}).get().lost, outcome::answered);
  command_batch incomplete;
  incomplete.begin(2).arg("GET");
  EXPECT_EQ(start(r.redis, std::move(incomplete)).get().lost, outcome::not_sent);
  r.redis.stop();
  EXPECT_EQ(start(r.redis, command("PING")).get().reason, "redis: the client has been stopped");
}

TEST(RedisClientHostile, GivenCallbackThatStopsTheClientWhenOthersWaitThenAllAreToldOnce) {
  fake_server server{{.then = "+OK\r\n", .close = false}};
  running r{server.url()};
  std::atomic<int> told{0};
  for (int i = 0; i < 50; ++i)
    r.redis.send(command("PING"), client::clock::now() + 5s, [&](batch_result&&) {
      ++told;
      r.redis.stop();
    });
  EXPECT_TRUE(eventually([&] { return told == 50; }));
}

TEST(RedisClientHostile, GivenChangesWhenObservedThenToldOnce) {
  std::atomic<int> up{0}, down{0};
  fake_server server{{.then = "", .close = true}};
  auto options = at(server.url());
  options.on_change = [&](auto& state) { ++(state.connected ? up : down); };
  running r{options};
  ASSERT_TRUE(eventually([&] { return up == 1; }));
  EXPECT_EQ(call(r.redis, command("PING")).lost, outcome::unknown);
  EXPECT_TRUE(eventually([&] { return up == 2; }));
  EXPECT_EQ(down, 1);
  EXPECT_EQ(r.redis.counters().losses, 1u);
  r.redis.stop();
  EXPECT_EQ(down, 2);
}

} // namespace

// The Redis client beside a bare blocking hiredis loop that keeps 16 commands in its pipeline, against a
// server that it starts itself. usage: redis_client_bench [commands]
#include "services/net/io_thread.hpp"
#include "services/redis/client.hpp"
#include "tests/bench/bench.hpp"
#include "tests/support/redis_server.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

#include <hiredis/hiredis.h>

namespace {

using namespace tutti;
using namespace std::chrono_literals;
using services::redis::client;
using services::redis::command_batch;

const std::string value(200, 'x');
/// Like a submission: a few structures changed at once.
const services::redis::script submit{R"(
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'payload', ARGV[1], 'state', 'queued')
redis.call('LPUSH', KEYS[2], KEYS[1])
redis.call('LTRIM', KEYS[2], 0, 999)
redis.call('PEXPIRE', KEYS[1], 60000)
return 1)"};

enum class work { set, script };

void add(command_batch& batch, work what, int i) {
  auto key = "k:" + std::to_string(i % 10'000);
  if (what == work::set)
    batch.add("SET", key, value);
  else
    batch.call(submit, 2, 1).arg(key).arg("list").arg(value);
}

double bare(std::uint16_t port, work what, int commands) {
  constexpr int depth = 16;
  auto* c = redisConnect("127.0.0.1", port);
  if (!c || c->err)
    std::abort();
  if (what == work::script)
    freeReplyObject(redisCommand(c, "SCRIPT LOAD %s", std::string{submit.source()}.c_str()));
  bench::stopwatch watch;
  for (int i = 0; i < commands; i += depth) {
    for (int j = i; j < i + depth; ++j) {
      auto key = "k:" + std::to_string(j % 10'000);
      if (what == work::set)
        redisAppendCommand(c, "SET %b %b", key.data(), key.size(), value.data(), value.size());
      else
        redisAppendCommand(c, "EVALSHA %s 2 %b list %b", std::string{submit.sha1()}.c_str(), key.data(),
                           key.size(), value.data(), value.size());
    }
    for (int j = 0; j < depth; ++j) {
      void* reply = nullptr;
      if (redisGetReply(c, &reply) != REDIS_OK)
        std::abort();
      freeReplyObject(reply);
    }
  }
  auto rate = commands / watch.seconds();
  redisFree(c);
  return rate;
}

/// One thread that sends whenever fewer than `depth` are open.
double ours(const services::redis::server_address& server, work what, int commands, int depth) {
  services::net::io_thread io{"bench-redis"};
  client redis{io.context(), {.server = server}};
  std::atomic<int> answered{0};
  bench::stopwatch watch;
  for (int i = 0; i < commands; ++i) {
    for (int seen = answered; i - seen >= depth; seen = answered)
      answered.wait(seen);
    command_batch batch;
    add(batch, what, i);
    redis.send(std::move(batch), client::clock::now() + 10s, [&](auto&& result) {
      if (result.replies[0].is_error() || result.lost != services::redis::outcome::answered)
        std::abort();
      ++answered;
      answered.notify_one();
    });
  }
  for (int seen = answered; seen < commands; seen = answered)
    answered.wait(seen);
  return commands / watch.seconds();
}

double median(std::vector<double> of) {
  std::nth_element(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2), of.end());
  return of[of.size() / 2];
}

} // namespace

int main(int argc, char** argv) {
  int commands = argc > 1 ? std::atoi(argv[1]) : 100'000;
  tests::redis_server server;
  auto address = services::redis::parse_url(server.url());
  for (auto what : {work::set, work::script}) {
    const char* name = what == work::set ? "redis_set" : "redis_script";
    std::vector<double> reference;
    std::vector<std::vector<double>> measured(3);
    constexpr int depths[] = {16, 64, 256};
    for (int round = 0; round < 5; ++round) { // in turns: the machine is not always equally fast
      reference.push_back(bare(server.port(), what, commands));
      for (std::size_t i = 0; i < measured.size(); ++i)
        measured[i].push_back(ours(*address, what, commands, depths[i]));
    }
    bench::report(name, "hiredis, 16 in flight", median(reference), "1/s");
    for (std::size_t i = 0; i < measured.size(); ++i) {
      auto of = "tutti, " + std::to_string(depths[i]) + " in flight";
      bench::report(name, of.c_str(), median(measured[i]), "1/s");
      bench::report(name, (of + ", of hiredis").c_str(), median(measured[i]) / median(reference), "ratio");
    }
  }
}

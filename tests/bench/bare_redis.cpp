#include "tests/bench/bare_redis.hpp"

#include "runtime/wall_clock.hpp"
#include "tests/bench/bench.hpp"
#include "tests/bench/job_system.hpp"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace tutti::bench {
namespace {

const char* const submit_script = R"(
local call = redis.call
local id, key, job = ARGV[1], ARGV[2], ARGV[3]
if call('HSETNX', 'bare:i:' .. key:sub(1, 2), key, id) == 0 then return 0 end
local bucket = id:sub(1, 5)
local entry = call('XADD', 'bare:s', '*', 'j', id)
call('HSET', 'bare:j:' .. bucket, id, job)
call('ZADD', 'bare:b', 0, bucket)
call('HINCRBY', 'bare:c', 'live', 1)
call('HINCRBY', 'bare:ready', 'default', 1)
call('HINCRBY', 'bare:n', 'queued', 1)
call('HINCRBY', 'bare:n', 's1', 1)
return 1)";

const char* const claim_script = R"(
local call = redis.call
local out, states, runs = {}, {}, {}
local read = call('XREADGROUP', 'GROUP', 'w', 'me', 'COUNT', ARGV[1], 'STREAMS', 'bare:s', '>')
for i, entry in ipairs(read and read[1][2] or {}) do
  local id = entry[2][2]
  out[i] = {id, entry[1], call('HGET', 'bare:j:' .. id:sub(1, 5), id)}
  states[2 * i - 1], states[2 * i] = id, ARGV[2]
  runs[2 * i - 1], runs[2 * i] = 0, id
end
if #out == 0 then return out end
call('HSET', 'bare:t', unpack(states))
call('ZADD', 'bare:run', unpack(runs))
call('HINCRBY', 'bare:ready', 'default', -#out)
call('HINCRBY', 'bare:n', 'queued', -#out)
call('HINCRBY', 'bare:n', 'running', #out)
return out)";

const char* const finish_script = R"(
local call = redis.call
local ids, entries, states = {}, {}, {}
for at = 2, #ARGV, 2 do
  ids[#ids + 1], entries[#entries + 1] = ARGV[at], ARGV[at + 1]
  states[at - 1], states[at] = ARGV[at], ARGV[1]
end
call('XACK', 'bare:s', 'w', unpack(entries))
call('XTRIM', 'bare:s', 'MINID', entries[#entries])
call('ZREM', 'bare:run', unpack(ids))
call('HSET', 'bare:t', unpack(states))
call('RPUSH', 'bare:done', unpack(ids))
call('HINCRBY', 'bare:c', 'live', -#ids)
call('HINCRBY', 'bare:n', 'running', -#ids)
call('HINCRBY', 'bare:n', 'f1', #ids)
return 1)";

/// As much as ours write besides the payload.
const std::string fixed_rest(100, 'x');
const std::string changing_half(80, 'x');

/// 16 bytes that begin with a time of 48 bits.
std::string id_of(int number) {
  std::string out(16, '\0');
  auto time = static_cast<std::uint64_t>(runtime::wall_now());
  for (int i = 0; i < 6; ++i)
    out[static_cast<std::size_t>(i)] = static_cast<char>(time >> (40 - 8 * i));
  std::memcpy(out.data() + 8, &number, sizeof number);
  return out;
}

/// 16 bytes, spread.
std::string key_of(int number) {
  std::string out(16, 'k');
  auto mixed = static_cast<std::uint64_t>(number) * 0x9e3779b97f4a7c15u;
  std::memcpy(out.data(), &mixed, sizeof mixed);
  out[1] = static_cast<char>(out[1] & ~3);
  return out;
}

} // namespace

bare_redis::bare_redis(std::uint16_t port) : to_(redisConnect("127.0.0.1", port)) {
  if (!to_ || to_->err)
    std::abort();
}

void bare_redis::send(const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (auto& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  redisAppendCommandArgv(to_.get(), static_cast<int>(words.size()), texts.data(), sizes.data());
}

bare_redis::reply bare_redis::receive() {
  void* got = nullptr;
  if (redisGetReply(to_.get(), &got) != REDIS_OK)
    std::abort();
  reply out{static_cast<redisReply*>(got)};
  if (out->type == REDIS_REPLY_ERROR) {
    std::fprintf(stderr, "%s\n", out->str);
    std::abort();
  }
  return out;
}

std::string bare_redis::load(const char* script) {
  send({"SCRIPT", "LOAD", script});
  return receive()->str;
}

double bare_redis::cpu_seconds() {
  send({"INFO", "cpu"});
  auto info = receive();
  auto seconds = [&](const char* field) {
    auto* at = std::strstr(info->str, field);
    return at ? std::atof(at + std::strlen(field)) : 0;
  };
  return seconds("used_cpu_sys:") + seconds("used_cpu_user:");
}

void bare_redis::wait_for_rewrite() {
  for (bool busy = true; busy;) {
    std::this_thread::sleep_for(
        std::chrono::milliseconds{100}); // it is scheduled within one turn of the server
    send({"INFO", "persistence"});
    auto info = receive();
    busy = !std::strstr(info->str, "aof_rewrite_in_progress:0")
           || !std::strstr(info->str, "aof_rewrite_scheduled:0");
  }
}

double bare_redis::submission_rate(int jobs) {
  constexpr int depth = 16;
  send({"XGROUP", "CREATE", "bare:s", "w", "0", "MKSTREAM"});
  receive();
  auto submit = load(submit_script);
  stopwatch watch;
  for (int i = 0; i < jobs; i += depth) {
    for (int j = i; j < i + depth; ++j)
      send({"EVALSHA", submit, "0", id_of(j), key_of(j), fixed_rest + payload_of(j)});
    for (int j = 0; j < depth; ++j)
      receive();
  }
  return jobs / watch.seconds();
}

double bare_redis::run_rate(int jobs) {
  auto claim = load(claim_script), finish = load(finish_script);
  std::vector<std::string> outcomes;
  stopwatch watch;
  for (int done = 0; done < jobs;) {
    if (!outcomes.empty()) {
      send(outcomes);
      outcomes.clear();
    } else {
      send({"PING"});
    }
    send({"EVALSHA", claim, "0", "100", changing_half});
    receive();
    auto claimed = receive();
    outcomes = {"EVALSHA", finish, "0", changing_half};
    if (claimed->elements == 0)
      std::abort(); // fewer wait than were asked for
    for (std::size_t i = 0; i < claimed->elements; ++i, ++done)
      for (std::size_t part : {0, 1}) {
        auto* word = claimed->element[i]->element[part];
        outcomes.emplace_back(word->str, word->len);
      }
  }
  send(outcomes);
  receive();
  return jobs / watch.seconds();
}

} // namespace tutti::bench

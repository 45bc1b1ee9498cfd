#include "services/redis_jobs/codec.hpp"
#include "services/redis_jobs/packed.hpp"

#include <gtest/gtest.h>

using namespace std::string_literals;
using namespace tutti::runtime::jobs;
using namespace tutti::services::redis_jobs;
using tutti::runtime::telemetry::trace_context;

namespace {

job_spec full_spec() {
  job_spec spec;
  spec.id = make_job_id(1800000000000);
  spec.type = "playlist.sync";
  spec.payload = R"({"guild":"81384788765712384"})";
  spec.queue = "sync";
  spec.key = "guild \0 1"s;
  spec.idempotency_key = "k-17";
  spec.body = {1, ~std::uint64_t{0}};
  spec.unique = unique_policy::reject;
  spec.unique_value = {7, 8};
  spec.priority = priority::low;
  spec.max_attempts = 70000; // more than fits
  spec.timeout_ms = 1500;
  spec.trace = trace_context::new_root();
  return spec;
}

/// As submit.lua stores it: created at, its entry's time and number, then what we made.
std::string stored(const job_spec& spec) {
  return packer{}.u64(1234567890123).u64(1234567890123).u32(5).raw(fixed_half(spec)).take();
}

/// MessagePack of a job that runs its second attempt.
std::string running_state() {
  auto text = [](std::string_view t) { return std::string(1, static_cast<char>(0xa0 + t.size())).append(t); };
  std::string out{"\xdc\x00\x11", 3}; // an array of 17
  out += "\x02\x02\x01\x00"s;         // running, attempt 2, one counts, no deaths
  out += packer{}.u8(0xcf).u64(1800000000123456).take();
  out += packer{}.u8(0xcf).u64(1800000000000).take();
  out += packer{}.u8(0xcf).u64(1800000000100).take();
  out += "\x00"s + text("a") + text("abc/1") + text("1-0") + "\x01"s;
  out += text("{\"done\":1}") + text("") + text("failed") + text("no luck");
  out += "\x91\x97\x01"s + text("b") + "\x05\x06"s + text("failed") + text("failed") + text("no luck");
  return out;
}

TEST(RedisJobCodec, GivenJobWhenStoredAndReadThenSame) {
  auto spec = full_spec();
  auto job = read_job(spec.id, stored(spec), {}, true);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->type, spec.type);
  EXPECT_EQ(job->payload, spec.payload);
  EXPECT_EQ(job->queue, spec.queue);
  EXPECT_EQ(job->key, spec.key);
  EXPECT_EQ(job->idempotency_key, spec.idempotency_key);
  EXPECT_EQ(job->priority, priority::low);
  EXPECT_EQ(job->max_attempts, 65535u);
  EXPECT_EQ(job->timeout_ms, 1500u);
  EXPECT_EQ(job->created_at, 1234567890123);
  EXPECT_EQ(job->trace_id, spec.trace.trace_id_hex());
  EXPECT_EQ(job->status, job_status::queued);
}

TEST(RedisJobCodec, GivenJobWithoutTraceWhenStoredAndReadThenItTakesNoRoom) {
  auto spec = full_spec();
  auto with = stored(spec).size();
  spec.trace = {};
  EXPECT_EQ(stored(spec).size() + 25, with);
  auto job = read_job(spec.id, stored(spec), {}, true);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->payload, spec.payload);
  EXPECT_EQ(job->trace_id, trace_context{}.trace_id_hex());
}

TEST(RedisJobCodec, GivenIdempotencyKeyWhenDigestedThenAsTheScriptsDo) {
  // printf k-17 | sha1sum begins with 34330190657d5fe15db4f1b62b90ecdd; two bits of the second byte go
  EXPECT_EQ(key_digest("k-17"), "\x34\x30\x01\x90\x65\x7d\x5f\xe1\x5d\xb4\xf1\xb6\x2b\x90\xec\xdd");
  EXPECT_EQ(key_digest(""), "");
}

TEST(RedisJobCodec, GivenRunningJobWhenReadThenShowsItsAttempts) {
  auto spec = full_spec();
  auto job = read_job(spec.id, stored(spec), running_state(), true);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->status, job_status::running);
  EXPECT_EQ(job->attempt, 2u);
  EXPECT_TRUE(job->cancel_requested);
  EXPECT_EQ(job->node, "a");
  EXPECT_EQ(job->progress, "{\"done\":1}");
  EXPECT_EQ(job->error.message, "no luck");
  ASSERT_EQ(job->history.size(), 2u);
  EXPECT_EQ(job->history[0].node, "b");
  EXPECT_EQ(job->history[0].outcome, "failed");
  EXPECT_EQ(job->history[1].outcome, "running");
  EXPECT_EQ(job->history[1].started_at, 1800000000100);
}

TEST(RedisJobCodec, GivenCutBytesWhenReadThenNothing) {
  auto spec = full_spec();
  auto fixed = stored(spec), changing = running_state();
  for (std::size_t size = 0; size < fixed.size() - spec.payload.size(); ++size)
    EXPECT_FALSE(read_job(spec.id, fixed.substr(0, size), {}, true)) << size;
  for (std::size_t size = 1; size < changing.size(); ++size)
    EXPECT_FALSE(read_job(spec.id, fixed, changing.substr(0, size), true)) << size;
  EXPECT_FALSE(read_job(spec.id, fixed, changing + "x", true));
}

TEST(RedisJobCodec, GivenHostileMessagePackWhenUnpackedThenRefused) {
  packed out;
  EXPECT_FALSE(unpack(packer{}.u8(0xdd).u32(0xffffffff).take(), out)); // four billion elements
  EXPECT_FALSE(unpack(packer{}.u8(0xdb).u32(0xffffffff).take(), out)); // a text of four billion bytes
  EXPECT_FALSE(unpack(std::string(10000, '\x91'), out));               // an array in an array in an array…
  EXPECT_FALSE(unpack("\xc1", out));
  EXPECT_FALSE(unpack("", out));
}

TEST(RedisJobCodec, GivenNumbersWhenUnpackedThenTheirValues) {
  auto number = [](std::string bytes) {
    packed out;
    EXPECT_TRUE(unpack(bytes, out));
    return out.number;
  };
  EXPECT_EQ(number("\x7f"), 127);
  EXPECT_EQ(number("\xff"), -1);
  EXPECT_EQ(number("\xcc\xff"), 255);
  EXPECT_EQ(number(packer{}.u8(0xd1).u16(0x8000).take()), -32768);
  EXPECT_EQ(number(packer{}.u8(0xd3).u64(~std::uint64_t{0}).take()), -1);
  EXPECT_EQ(number(packer{}.u8(0xcb).u64(0x405ec00000000000).take()), 123);
}

TEST(RedisJobCodec, GivenIdWhenPackedThenSortsAsIdsDo) {
  auto early = make_job_id(1000), late = make_job_id(2000);
  EXPECT_LT(id_bytes(early), id_bytes(late));
  EXPECT_EQ(id_of(id_bytes(late)), late);
  EXPECT_EQ(id_of("short"), job_id{});
}

TEST(RedisJobCodec, GivenScheduleWhenPackedThenSameAgain) {
  planned_schedule s;
  s.view.spec.name = "nightly";
  s.view.spec.job = full_spec();
  s.view.spec.cron = "0 3 * * *";
  s.view.spec.time_zone = "Europe/Berlin";
  s.view.spec.missed = catch_up::all;
  s.view.spec.jitter_ms = 50;
  s.view.created_at = 1;
  s.view.next_at = 2;
  s.view.last_at = 3;
  s.view.last_job = make_job_id(4);
  s.view.fired = 5;
  s.nominal_next = 6;
  s.anchor = 7;
  auto bytes = pack_schedule(s);
  auto again = unpack_schedule(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(pack_schedule(*again), bytes);
  EXPECT_EQ(again->view.spec.job.type, "playlist.sync");
  EXPECT_EQ(again->view.spec.job.payload, full_spec().payload);
  EXPECT_EQ(again->view.spec.job.idempotency_key, "");
  EXPECT_EQ(again->view.spec.time_zone, "Europe/Berlin");
  EXPECT_EQ(again->view.last_job, s.view.last_job);
  EXPECT_FALSE(unpack_schedule(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(unpack_schedule(""));
}

} // namespace

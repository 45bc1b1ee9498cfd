#include "runtime/jobs/job.hpp"
#include "runtime/jobs/retry.hpp"

#include <limits>
#include <set>
#include <thread>

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using namespace tutti::runtime::jobs;

namespace {

TEST(JobId, GivenIdWhenWrittenAndReadThenTheSame) {
  for (job_id id :
       {job_id{0, 0}, job_id{0, 1}, job_id{1, 0}, job_id{~0ull, ~0ull}, make_job_id(1800000000000)}) {
    auto text = to_string(id);
    EXPECT_EQ(text.size(), 26u);
    EXPECT_EQ(parse_job_id(text), id) << text;
  }
  EXPECT_EQ(to_string(job_id{~0ull, ~0ull}), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(to_string(job_id{}), "00000000000000000000000000");
}

TEST(JobId, GivenKnownUlidWhenReadThenItsTimeIsThere) {
  auto id = parse_job_id("01ARZ3NDEKTSV4RRFFQ69G5FAV"); // the example of the specification
  ASSERT_TRUE(id);
  EXPECT_EQ(id->time(), 1469922850259);
}

TEST(JobId, GivenOtherTextWhenReadThenNothing) {
  for (auto text : {"", "0", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVV",
                    "81ARZ3NDEKTSV4RRFFQ69G5FAV", "01arz3ndektsv4rrffq69g5fav", "01ARZ3NDEKTSV4RRFFQ69G5FAI",
                    "01ARZ3NDEKTSV4RRFFQ69G5FAL", "01ARZ3NDEKTSV4RRFFQ69G5FAO", "01ARZ3NDEKTSV4RRFFQ69G5FAU",
                    "01ARZ3NDEKTSV4RRFFQ69G5F V", "01ARZ3NDEKTSV4RRFFQ69G5FA\xff"})
    EXPECT_FALSE(parse_job_id(text)) << text;
  EXPECT_FALSE(parse_job_id(std::string_view{"01ARZ3NDEKTSV4RRFFQ69G5FA\0", 26}));
}

TEST(JobId, GivenOneThreadWhenManyAreMadeThenEachIsGreaterAsNumberAndAsText) {
  std::thread{[] { // a thread of its own: the last id is kept by thread
    auto last = make_job_id(1000);
    auto text = to_string(last);
    for (unix_ms now : {1000, 1000, 1000, 999, 1, 1001, 1001, 500, 2000}) {
      auto id = make_job_id(now);
      EXPECT_GT(id, last);
      EXPECT_GT(to_string(id), text);
      last = id;
      text = to_string(id);
    }
    EXPECT_EQ(last.time(), 2000);
  }}
      .join();
}

TEST(JobId, GivenThreadsWhenTheyMakeIdsThenAllDiffer) {
  std::vector<std::vector<job_id>> made(4);
  std::vector<std::thread> threads;
  for (auto& mine : made)
    threads.emplace_back([&mine] {
      for (int i = 0; i < 10000; ++i)
        mine.push_back(make_job_id(5000));
    });
  for (auto& t : threads)
    t.join();
  std::set<job_id> all;
  for (auto& mine : made)
    all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 40000u);
}

TEST(JobStatus, GivenEachWhenWrittenAndReadThenTheSame) {
  for (std::size_t i = 0; i < job_status_count; ++i) {
    auto status = static_cast<job_status>(i);
    EXPECT_EQ(parse_job_status(to_string(status)), status);
  }
  EXPECT_FALSE(parse_job_status("Queued"));
  EXPECT_FALSE(parse_job_status(""));
}

TEST(RetryDelay, GivenAttemptsWhenDrawnThenWithinFullJitter) {
  retry_policy policy{100ms, 2000ms};
  std::chrono::milliseconds bounds[] = {100ms, 200ms, 400ms, 800ms, 1600ms, 2000ms, 2000ms};
  for (std::uint32_t attempt = 1; attempt <= 7; ++attempt) {
    auto bound = bounds[attempt - 1];
    auto least = bound, most = 0ms;
    for (int i = 0; i < 3000; ++i) {
      auto d = retry_delay(policy, attempt);
      ASSERT_GE(d, bound / 10);
      ASSERT_LE(d, bound);
      least = std::min(least, d);
      most = std::max(most, d);
    }
    EXPECT_LT(least, bound / 10 + bound / 20) << "the whole range is used";
    EXPECT_GT(most, bound - bound / 20);
  }
}

TEST(RetryDelay, GivenExtremesWhenDrawnThenStillWithinTheMaximum) {
  using limits = std::numeric_limits<std::int64_t>;
  std::chrono::milliseconds huge{limits::max() / 4};
  for (std::uint32_t attempt : {0u, 1u, 31u, 1000u, std::numeric_limits<std::uint32_t>::max()}) {
    EXPECT_LE(retry_delay({1s, 600s}, attempt), 600s);
    EXPECT_LE(retry_delay({huge, huge}, attempt), huge);
    EXPECT_GT(retry_delay({huge, huge}, attempt), 0ms);
    EXPECT_EQ(retry_delay({0ms, 0ms}, attempt), 0ms);
    EXPECT_LE(retry_delay({10s, 1s}, attempt), 1s);
  }
}

} // namespace

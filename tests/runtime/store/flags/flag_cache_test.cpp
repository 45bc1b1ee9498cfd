#include "runtime/store/flag_cache.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace tutti::tests::flags {
namespace {

using namespace runtime::store;
using namespace std::chrono_literals;

feature_flag flag(std::string name, bool enabled, std::uint64_t version) {
  return {std::move(name), enabled, {}, "", version, 0, "t"};
}

struct FlagCache : testing::Test {
  runtime::telemetry::metrics metrics;
  flag_cache cache{metrics, {.ttl = 300s, .capacity = 3}};
  flag_cache::clock::time_point t0{1000s};
};

TEST_F(FlagCache, GivenNothingWhenAskedThenNothingAndNothingIsCounted) {
  EXPECT_EQ(cache.is_on("x", "k", t0), std::nullopt);
  auto now = cache.read_statistics();
  EXPECT_EQ(now.hits + now.misses + now.stale, 0u);
}

TEST_F(FlagCache, GivenLoadedFlagWhenTheTimeIsOverThenNotKnownAnyMore) {
  cache.loaded("x", {flag("x", true, 1)}, t0);
  cache.loaded("none", {}, t0);
  EXPECT_EQ(cache.is_on("x", "k", t0 + 300s - 1ns), true);
  EXPECT_EQ(cache.is_on("none", "k", t0 + 300s - 1ns), false);
  EXPECT_EQ(cache.is_on("x", "k", t0 + 300s), std::nullopt);
  EXPECT_EQ(cache.is_on("none", "k", t0 + 300s), std::nullopt);
  EXPECT_EQ(cache.read_statistics().hits, 2u);
  EXPECT_NE(metrics.render().find("tutti_cache_requests_total{cache=\"flags\",outcome=\"hit\"} 2"),
            std::string::npos)
      << metrics.render();
}

TEST_F(FlagCache, GivenStoreAwayWhenTheTimeIsOverThenStaleUntilItIsTriedAgain) {
  cache.loaded("x", {flag("x", true, 1)}, t0);
  cache.set_away(t0 + 310s);
  EXPECT_EQ(cache.is_on("x", "k", t0 + 305s), true);
  EXPECT_EQ(cache.is_on("x", "k", t0 + 310s), std::nullopt);
  EXPECT_EQ(cache.is_on("y", "k", t0 + 305s), std::nullopt);
  auto now = cache.read_statistics();
  EXPECT_EQ(now.hits, 0u);
  EXPECT_EQ(now.stale, 1u);
}

TEST_F(FlagCache, GivenMoreNamesThanFitWhenLoadedThenTheLeastUsedOneGoes) {
  for (auto* name : {"a", "b", "c"})
    cache.loaded(name, {}, t0);
  EXPECT_TRUE(cache.is_on("a", "k", t0).has_value());
  cache.loaded("d", {}, t0);
  EXPECT_FALSE(cache.is_on("b", "k", t0).has_value());
  for (auto* name : {"a", "c", "d"})
    EXPECT_TRUE(cache.is_on(name, "k", t0).has_value()) << name;
  EXPECT_EQ(cache.read_statistics().entries, 3u);
}

TEST_F(FlagCache, GivenTellingOfAVersionWhenItIsKnownAlreadyThenNothingIsForgotten) {
  cache.loaded("x", {flag("x", true, 3)}, t0);
  cache.expire("x", 3);
  EXPECT_EQ(cache.is_on("x", "k", t0), true);
  cache.expire("x", 4);
  EXPECT_EQ(cache.is_on("x", "k", t0), std::nullopt);
  cache.expire("never-heard-of", 4);
}

TEST_F(FlagCache, GivenOwnChangesWhenTheyArriveInAnotherOrderThenTheOlderIsNotKept) {
  cache.written(flag("x", true, 2), t0);
  EXPECT_EQ(cache.is_on("x", "k", t0), true);
  cache.written(flag("x", false, 1), t0);
  EXPECT_EQ(cache.is_on("x", "k", t0), std::nullopt) << "only the store knows";
  EXPECT_EQ(cache.find_stale("x")->flag->version, 2u);
}

TEST_F(FlagCache, GivenManyThreadsWhenAskingAndChangingThenEveryAnswerIsCounted) {
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n)
    threads.emplace_back([&, n] {
      for (int i = 0; i < 5'000; ++i) {
        if (n == 0)
          cache.written(flag(std::to_string(i % 5), true, static_cast<std::uint64_t>(i) + 1), t0);
        (void)cache.is_on(std::to_string(i % 2), "k", t0);
        cache.loaded(std::to_string(i % 2), {flag("x", true, 1)}, t0);
      }
    });
  for (auto& t : threads)
    t.join();
  auto now = cache.read_statistics();
  EXPECT_LE(now.entries, 3u);
  EXPECT_GT(now.hits, 0u);
  EXPECT_LE(now.hits, 20'000u);
}

} // namespace
} // namespace tutti::tests::flags

#include "runtime/telemetry/latency_histogram.hpp"

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using tutti::runtime::telemetry::latency_histogram;

namespace {

TEST(LatencyHistogram, GivenNothingWhenReadThenZeros) {
  auto read = latency_histogram{}.read();
  EXPECT_EQ(read.count, 0U);
  EXPECT_EQ(read.quantile(0.5), 0ns);
  EXPECT_EQ(read.cumulative().back(), 0U);
}

TEST(LatencyHistogram, GivenOneValueWhenQuantileThenWithinSixPercent) {
  for (auto value :
       {1us, 7us, 15us, 16us, 17us, 100us, 999us, 1'000us, 1'001us, 123'456us, 7'000'000us, 99'999'999us}) {
    latency_histogram h;
    h.observe(value);
    for (double q : {0.0, 0.5, 0.99, 1.0}) {
      auto found = static_cast<double>(h.read().quantile(q).count());
      auto exact = static_cast<double>(nanoseconds{value}.count());
      EXPECT_NEAR(found, exact, exact / 16 + 1) << value.count() << " us, q " << q;
    }
    EXPECT_EQ(h.read().sum, value);
  }
}

TEST(LatencyHistogram, GivenRandomValuesWhenQuantilesThenNearTheExactOnes) {
  latency_histogram h;
  std::mt19937_64 random{1};
  std::lognormal_distribution<double> shape{9, 2}; // µs: about 1 µs to 100 s
  std::vector<std::int64_t> all;
  for (int i = 0; i < 100'000; ++i) {
    all.push_back(static_cast<std::int64_t>(shape(random) * 1000));
    h.observe(nanoseconds{all.back()});
  }
  std::sort(all.begin(), all.end());
  auto read = h.read();
  EXPECT_EQ(read.count, all.size());
  for (double q : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    auto exact = static_cast<double>(all[static_cast<std::size_t>(q * static_cast<double>(all.size()))]);
    EXPECT_NEAR(static_cast<double>(read.quantile(q).count()), exact, exact * 0.07) << q;
  }
}

TEST(LatencyHistogram, GivenValuesAtEachBoundWhenCumulatedThenExact) {
  for (auto bound : latency_histogram::bounds_us) {
    latency_histogram h;
    h.observe(microseconds{bound});
    h.observe(microseconds{bound} + 1ns);
    h.observe(microseconds{bound} - 1ns);
    auto counts = h.read().cumulative();
    auto at = std::find(h.bounds_us.begin(), h.bounds_us.end(), bound) - h.bounds_us.begin();
    EXPECT_EQ(counts[static_cast<std::size_t>(at)], 2U) << bound;
    EXPECT_EQ(counts.back(), bound == h.bounds_us.back() ? 2U : 3U) << bound;
    if (at > 0) {
      EXPECT_EQ(counts[static_cast<std::size_t>(at) - 1], 0U) << bound;
    }
  }
}

TEST(LatencyHistogram, GivenEveryMicrosecondWhenCumulatedThenEachBoundCountsItself) {
  latency_histogram h;
  for (int us = 1; us <= 110'000; ++us)
    h.observe(microseconds{us});
  auto counts = h.read().cumulative();
  for (std::size_t i = 0; i < counts.size(); ++i)
    EXPECT_EQ(counts[i], std::min<std::uint64_t>(110'000, h.bounds_us[i])) << i;
}

TEST(LatencyHistogram, GivenValuesOutOfRangeWhenObservedThenCountedAtTheEnds) {
  latency_histogram h;
  h.observe(-5s);
  h.observe(0ns);
  h.observe(1h);
  h.observe(nanoseconds::max());
  auto read = h.read();
  EXPECT_EQ(read.count, 4U);
  EXPECT_LE(read.quantile(0.25), 1us);
  EXPECT_LE(read.quantile(1), 100s);
  EXPECT_GE(read.quantile(1), 90s);
  EXPECT_EQ(read.cumulative().front(), 2U);
}

TEST(LatencyHistogram, GivenOddQuantilesWhenAskedThenClamped) {
  latency_histogram h;
  h.observe(10us);
  h.observe(20us);
  auto read = h.read();
  EXPECT_EQ(read.quantile(-1), read.quantile(0));
  EXPECT_EQ(read.quantile(2), read.quantile(1));
  EXPECT_EQ(read.quantile(std::numeric_limits<double>::quiet_NaN()), read.quantile(0));
}

TEST(LatencyHistogram, GivenManyThreadsWhenObservedThenNoneLost) {
  latency_histogram h;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&h] {
      for (int i = 0; i < 50'000; ++i)
        h.observe(microseconds{i});
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(h.read().count, 200'000U);
}

} // namespace

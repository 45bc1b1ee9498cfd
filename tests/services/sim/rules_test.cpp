#include "services/sim/discord/rules/frame_limit.hpp"
#include "services/sim/discord/rules/identify_gate.hpp"
#include "services/sim/discord/rules/replay_buffer.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using namespace tutti::services::sim;
using namespace tutti::services::sim::discord;
using verdict = identify_gate::verdict;

const steady_time start = steady_time{} + 1h;

TEST(IdentifyGate, GivenOneBucketWhenIdentifiedTwiceThenSecondWaitsFiveSeconds) {
  identify_gate gate{1, 1000};
  EXPECT_EQ(gate.admit(0, start), verdict::admitted);
  EXPECT_EQ(gate.admit(1, start + 4899ms), verdict::too_soon);
  EXPECT_EQ(gate.admit(1, start + 4900ms), verdict::admitted);
}

TEST(IdentifyGate, GivenSixteenBucketsWhenShardsIdentifyTogetherThenOnlyTheirOwnBucketCounts) {
  identify_gate gate{16, 1000};
  for (std::uint64_t shard = 0; shard < 16; ++shard)
    EXPECT_EQ(gate.admit(shard, start), verdict::admitted);
  for (std::uint64_t shard = 16; shard < 32; ++shard)
    EXPECT_EQ(gate.admit(shard, start + 1s), verdict::too_soon);
}

TEST(IdentifyGate, GivenRefusedIdentifyWhenCountedThenItCostsNothing) {
  identify_gate gate{1, 2};
  EXPECT_EQ(gate.admit(0, start), verdict::admitted);
  EXPECT_EQ(gate.admit(0, start + 1s), verdict::too_soon);
  EXPECT_EQ(gate.starts().remaining(start + 1s), 1u);
}

TEST(IdentifyGate, GivenDaysLimitWhenUsedUpThenExhaustedUntilItResets) {
  identify_gate gate{10, 2};
  EXPECT_EQ(gate.admit(0, start), verdict::admitted);
  EXPECT_EQ(gate.admit(1, start), verdict::admitted);
  EXPECT_EQ(gate.admit(2, start + 23h), verdict::exhausted);
  EXPECT_EQ(gate.admit(2, start + 24h), verdict::admitted);
  EXPECT_EQ(gate.starts().remaining(start + 24h), 1u);
}

TEST(ReplayBuffer, GivenEventsWhenAskedAfterSequenceThenOnlyLaterOnesInOrder) {
  replay_buffer buffer{10, 1000};
  for (auto* text : {"a", "b", "c"})
    buffer.add(text);
  EXPECT_EQ(buffer.last(), 3u);
  EXPECT_EQ(buffer.after(1), (std::deque<std::string>{"b", "c"}));
  EXPECT_TRUE(buffer.after(3).empty());
  EXPECT_FALSE(buffer.covers(4));
}

TEST(ReplayBuffer, GivenTooManyEventsWhenOldestWentThenItCoversNoGap) {
  replay_buffer buffer{2, 1000};
  for (auto* text : {"a", "b", "c"})
    buffer.add(text);
  EXPECT_FALSE(buffer.covers(0));
  EXPECT_TRUE(buffer.covers(1));
}

TEST(ReplayBuffer, GivenTooManyBytesWhenAddedThenOldestGoes) {
  replay_buffer buffer{100, 10};
  buffer.add(std::string(6, 'a'));
  buffer.add(std::string(6, 'b'));
  EXPECT_FALSE(buffer.covers(0));
  EXPECT_EQ(buffer.after(1).front(), std::string(6, 'b'));
}

TEST(FrameLimit, GivenHundredTwentyFramesWhenInAMinuteThenNextIsRefused) {
  frame_limit frames;
  for (int i = 0; i < 120; ++i)
    EXPECT_TRUE(frames.take(start + i * 100ms));
  EXPECT_FALSE(frames.take(start + 59s));
  EXPECT_TRUE(frames.take(start + 60s));
  EXPECT_FALSE(frames.take(start + 60s));
}

} // namespace

#include "services/http/answer_queue.hpp"

#include <gtest/gtest.h>

namespace {

using tutti::services::http::answer_queue;

TEST(AnswerQueue, GivenManyWhenTakenInTurnThenNumbersStayValid) {
  answer_queue queue;
  for (int i = 0; i < 5; ++i)
    queue.push().method = std::to_string(i);
  queue.pop_front();
  queue.pop_front();
  for (int i = 5; i < 40; ++i)
    queue.push().method = std::to_string(i);
  EXPECT_EQ(queue.size(), 38u);
  EXPECT_EQ(queue.last(), 39u);
  EXPECT_EQ(queue.find(1), nullptr);
  EXPECT_EQ(queue.find(40), nullptr);
  for (std::uint64_t i = 2; i < 40; ++i)
    EXPECT_EQ(queue.find(i)->method, std::to_string(i));
}

TEST(AnswerQueue, GivenAbandonedNumberWhenItsPlaceIsUsedAgainThenStaysAbandoned) {
  answer_queue queue;
  queue.push();
  queue.abandon(0);
  EXPECT_TRUE(queue.abandoned(0));
  queue.pop_front();
  for (std::uint64_t i = 1; i <= answer_queue::capacity; ++i) { // the last has the bit of number 0
    queue.push();
    EXPECT_FALSE(queue.abandoned(i));
    if (i < answer_queue::capacity)
      queue.pop_front();
  }
  EXPECT_TRUE(queue.abandoned(0));
}

TEST(AnswerQueue, GivenOwedAnswersWhenClearedThenAllAreAbandoned) {
  answer_queue queue;
  queue.push();
  queue.push();
  queue.clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.abandoned(0));
  EXPECT_TRUE(queue.abandoned(1));
}

TEST(AnswerQueue, GivenTruncatedRequestWhenTakenBackThenTheOthersStay) {
  answer_queue queue;
  queue.push().method = "first";
  queue.push().method = "truncated";
  queue.pop_back();
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.front().method, "first");
}

} // namespace

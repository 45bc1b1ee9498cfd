#include "services/postgres_entities/waiting_line.hpp"

#include <gmock/gmock.h>

namespace tutti::services::postgres_entities {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

struct asked {
  int number = 0;
  std::size_t weight = 1;
  std::chrono::steady_clock::time_point arrived{};
};

constexpr auto all_join = [](auto&) { return true; };

std::vector<int> numbers(const std::vector<asked>& requests) {
  std::vector<int> out;
  for (auto& r : requests)
    out.push_back(r.number);
  return out;
}

TEST(WaitingLine, GivenLimitsWhenFullThenNoRoomUntilSomeAreTaken) {
  waiting_line<asked> line{{3, 10}};
  EXPECT_TRUE(line.push({1, 4}));
  EXPECT_FALSE(line.push({2, 7})) << "too heavy";
  EXPECT_TRUE(line.push({3, 6}));
  EXPECT_TRUE(line.push({4, 0}));
  EXPECT_FALSE(line.push({5, 0})) << "too many";
  EXPECT_THAT(numbers(line.take({1, 100}, all_join)), ElementsAre(1));
  EXPECT_TRUE(line.push({6, 4}));
  EXPECT_THAT(numbers(line.take({9, 100}, all_join)), ElementsAre(3, 4, 6));
  EXPECT_TRUE(line.push({7, 99})) << "alone";
}

TEST(WaitingLine, GivenBatchLimitsWhenTakenThenTheFirstAlwaysAndNoMoreThanFit) {
  waiting_line<asked> line{{9, 100}};
  for (int i = 1; i <= 5; ++i)
    line.push({i, i == 1 ? 9u : 2u});
  EXPECT_THAT(numbers(line.take({9, 4}, all_join)), ElementsAre(1));
  EXPECT_THAT(numbers(line.take({9, 4}, all_join)), ElementsAre(2, 3));
  EXPECT_THAT(numbers(line.take({1, 4}, all_join)), ElementsAre(4));
  EXPECT_THAT(numbers(line.take({9, 4}, all_join)), ElementsAre(5));
  EXPECT_THAT(numbers(line.take({9, 4}, all_join)), ElementsAre());
}

TEST(WaitingLine, GivenOneThatDoesNotJoinWhenTakenThenItAndLaterOnesWait) {
  waiting_line<asked> line{{9, 100}};
  for (int i : {1, 2, 3})
    line.push({i});
  EXPECT_THAT(numbers(line.take({9, 100}, [](auto& r) { return r.number != 2; })), ElementsAre(1));
  EXPECT_THAT(numbers(line.take({9, 100}, all_join)), ElementsAre(2, 3));
}

TEST(WaitingLine, GivenOldOnesWhenTakenByAgeThenOnlyThose) {
  waiting_line<asked> line{{9, 100}};
  auto start = std::chrono::steady_clock::time_point{} + 1h;
  for (int i : {1, 2, 3})
    line.push({i, 1, start + i * 1s});
  EXPECT_THAT(numbers(line.take_older_than(start + 2s)), ElementsAre(1, 2));
  EXPECT_THAT(numbers(line.take_older_than(start + 2s)), ElementsAre());
  EXPECT_THAT(numbers(line.take({9, 100}, all_join)), ElementsAre(3));
}

} // namespace
} // namespace tutti::services::postgres_entities

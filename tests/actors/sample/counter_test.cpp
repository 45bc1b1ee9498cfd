#include "actors/sample/counter.hpp"
#include "tests/support/entity_world.hpp"

namespace tutti::actors::sample {
namespace {

using runtime::ec;

struct Counter : tests::EntityWorld {
  void SetUp() override { start(counter_type()); }
};

TEST_F(Counter, GivenNumbersWhenAddedThenTheirSumIsTheAnswer) {
  EXPECT_EQ(ask<counter_value>("one", add{2})->value, 2);
  EXPECT_EQ(ask<counter_value>("one", add{-5})->value, -3);
  EXPECT_EQ(ask<counter_value>("other", get{})->value, 0);
}

TEST_F(Counter, GivenItsNodeIsLostWhenAskedThenItGoesOnUnderANewEpoch) {
  auto before = ask<counter_value>("one", add{2});
  restart();
  auto after = ask<counter_value>("one", add{2});
  EXPECT_EQ(after->value, 4);
  EXPECT_GT(after->epoch, before->epoch);
}

TEST_F(Counter, GivenSumThatDoesNotFitWhenAddedThenItIsRefusedAndNothingChanges) {
  ask<counter_value>("one", add{INT64_MAX});
  auto refused = ask<counter_value>("one", add{1});
  EXPECT_TRUE(!refused && runtime::is(refused.error(), ec::rejected));
  EXPECT_EQ(ask<counter_value>("one", get{})->value, INT64_MAX);
}

} // namespace
} // namespace tutti::actors::sample

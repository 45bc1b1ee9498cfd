#include "tests/runtime/store/conformance/entity_store.hpp"

namespace tutti::tests::entities {
namespace {

TEST_P(EntityStore, GivenFenceWhenRaisedThenItOnlyGrows) {
  auto a = node(), b = node();
  EXPECT_EQ(raise(a, 3, 10), 10u);
  EXPECT_EQ(raise(b, 3, 10), 10u) << "what it is already";
  EXPECT_EQ(raise(b, 3, 12), 12u);
  EXPECT_EQ(raise(a, 3, 11), 12u);
  EXPECT_EQ(raise(a, 3, 12), 12u);
  EXPECT_EQ(raise(a, 3, INT64_MAX), static_cast<std::uint64_t>(INT64_MAX));
}

TEST_P(EntityStore, GivenManyFencesWhenRaisedTogetherThenEachHasItsAnswerInOrder) {
  auto a = node();
  raise(a, 7, 100);
  auto got = expect<fences_raised>(
      a, raise_fences{{{role, 9, 5}, {role, 7, 50}, {"shard", 7, 60}, {role, 0, 1}, {role, 8, 5}}});
  EXPECT_EQ(got.standing, (std::vector<std::uint64_t>{5, 100, 60, 1, 5}));
  EXPECT_TRUE(expect<fences_raised>(a, raise_fences{}).standing.empty());
}

TEST_P(EntityStore, GivenFullBatchWhenRaisedThenAllStand) {
  auto a = node();
  raise_fences all;
  for (std::uint32_t i = max_store_batch; i-- > 0;)
    all.fences.push_back({role, i, i + 1});
  auto got = expect<fences_raised>(a, all);
  ASSERT_EQ(got.standing.size(), max_store_batch);
  for (std::size_t i = 0; i < max_store_batch; ++i)
    ASSERT_EQ(got.standing[i], all.fences[i].epoch);
}

TEST_P(EntityStore, GivenRaisedFenceWhenTheOldOwnerSavesThenRefusedAndNothingChanges) {
  auto a = node(), b = node();
  raise(a, 3, 10);
  ASSERT_EQ(saved(a, order("x", 3, 10, 0, "first")), 1u);
  raise(b, 3, 11);
  EXPECT_EQ(refused(a, order("x", 3, 10, 1, "late")), fence_conflict);
  EXPECT_EQ(refused(a, order("new", 3, 10, 0)), fence_conflict);
  auto remove = order("x", 3, 10, 1);
  remove.remove = true;
  EXPECT_EQ(refused(a, remove), fence_conflict);
  EXPECT_EQ(load(b, "x").version, 1u);
  EXPECT_EQ(load(b, "x").bytes, "first");
  EXPECT_EQ(load(b, "new").version, 0u);
  EXPECT_EQ(saved(b, order("x", 3, 11, 1, "second")), 2u);
}

TEST_P(EntityStore, GivenEpochThatNobodyHasRaisedWhenSavedThenRefused) {
  auto a = node();
  EXPECT_EQ(refused(a, order("x", 3, 10, 0)), fence_conflict) << "no fence at all";
  raise(a, 3, 10);
  EXPECT_EQ(refused(a, order("x", 3, 11, 0)), fence_conflict) << "to be raised first";
  EXPECT_EQ(refused(a, order("x", 4, 10, 0)), fence_conflict) << "another partition";
  auto other = order("x", 3, 10, 0);
  other.role = "shard";
  EXPECT_EQ(refused(a, other), fence_conflict);
  EXPECT_EQ(load(a, "x").version, 0u);
}

} // namespace
} // namespace tutti::tests::entities

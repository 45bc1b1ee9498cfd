#include "tests/runtime/cluster/leases/conformance/lease_store.hpp"

namespace tutti::tests::leases {
namespace {

using runtime::ec;

std::vector<table_entry> placements(std::uint32_t count, const lease_holder& owner) {
  std::vector<table_entry> out;
  for (std::uint32_t i = 0; i < count; ++i)
    out.push_back({i % 2 == 0 ? "shard" : "audio", i, owner, 1'800'000'000'000'000ULL + i});
  return out;
}

TEST_P(LeaseStore, GivenNoTableWhenReadThenEmptyAtVersionZero) {
  open();
  auto a = node("a");
  EXPECT_EQ(table(a), partition_table{});
  EXPECT_FALSE(expect<table_read>(a, read_table{0}).changed.has_value());
}

TEST_P(LeaseStore, GivenCoordinatorWhenItWritesThenOthersSeeThatItChangedAndAllOfIt) {
  open();
  auto a = node("a"), b = node("b");
  auto epoch = granted(a, coordinator_lease);
  auto entries = placements(6 * 256, b.who);
  auto first = write(a, {epoch, 0, entries});
  ASSERT_TRUE(first) << runtime::describe(first.error);
  auto seen = expect<table_read>(b, read_table{0}).changed;
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(*seen, (partition_table{first->version, epoch, entries}));
  EXPECT_FALSE(expect<table_read>(b, read_table{first->version}).changed.has_value());
  auto second = write(a, {epoch, first->version, placements(3, a.who)});
  ASSERT_TRUE(second);
  EXPECT_GT(second->version, first->version);
  EXPECT_EQ(table(b).entries, placements(3, a.who));
}

TEST_P(LeaseStore, GivenTableThatChangedWhenWrittenByTheOldVersionThenConflict) {
  open();
  auto a = node("a");
  auto epoch = granted(a, coordinator_lease);
  auto first = write(a, {epoch, 0, placements(1, a.who)});
  ASSERT_TRUE(first);
  EXPECT_TRUE(runtime::is(write(a, {epoch, 0, {}}).error, ec::conflict));
  EXPECT_TRUE(runtime::is(write(a, {epoch, first->version + 1, {}}).error, ec::conflict));
  EXPECT_EQ(table(a).version, first->version);
}

TEST_P(LeaseStore, GivenOldCoordinatorWhenAnotherHasTheLeaseThenItsWritesConflict) {
  open();
  auto a = node("a"), b = node("b");
  auto old = granted(a, coordinator_lease);
  auto first = write(a, {old, 0, placements(1, a.who)});
  ASSERT_TRUE(first);
  release(a, coordinator_lease, old);
  auto young = granted(b, coordinator_lease);
  EXPECT_TRUE(runtime::is(write(a, {old, first->version, {}}).error, ec::conflict))
      << "before the new one writes";
  auto second = write(b, {young, first->version, placements(2, b.who)});
  ASSERT_TRUE(second);
  EXPECT_TRUE(runtime::is(write(a, {old, second->version, {}}).error, ec::conflict));
  EXPECT_EQ(table(a), (partition_table{second->version, young, placements(2, b.who)}));
}

TEST_P(LeaseStore, GivenNoCoordinatorWhenSomebodyWritesThenConflict) {
  open();
  auto a = node("a");
  EXPECT_TRUE(runtime::is(write(a, {5, 0, {}}).error, ec::conflict));
  auto epoch = granted(a, coordinator_lease);
  EXPECT_TRUE(runtime::is(write(a, {epoch + 1, 0, {}}).error, ec::conflict));
  ASSERT_TRUE(eventually([&] { return state(a, coordinator_lease).left == 0us; }));
  EXPECT_TRUE(runtime::is(write(a, {epoch, 0, {}}).error, ec::conflict)) << "its lease has run out";
  EXPECT_EQ(table(a), partition_table{});
}

} // namespace
} // namespace tutti::tests::leases

#include "tests/runtime/cluster/leases/conformance/lease_store.hpp"

namespace tutti::tests::leases {
namespace {

using runtime::ec;

TEST_P(LeaseStore, GivenFreeLeaseWhenTwoAskThenOneHoldsIt) {
  open();
  auto a = node("a"), b = node("b");
  auto before = acquire(a, {"x", 0, 0, "10.0.0.1"});
  ASSERT_EQ(before.outcome, acquired::granted);
  auto refused = acquire(b, "x");
  EXPECT_EQ(refused.outcome, acquired::taken);
  EXPECT_EQ(refused.holder, a.who);
  EXPECT_EQ(refused.epoch, before.epoch);
  EXPECT_GT(refused.left, 0us);
  EXPECT_LE(refused.left, ttl);
  auto seen = state(b, "x");
  EXPECT_EQ(seen.holder, a.who);
  EXPECT_EQ(seen.epoch, before.epoch);
  EXPECT_EQ(seen.value, "10.0.0.1");
  EXPECT_GT(seen.left, 0us);
}

TEST_P(LeaseStore, GivenManyNamesWhenAskedTogetherThenEachHasItsOwnAnswer) {
  open();
  auto a = node("a"), b = node("b");
  auto taken = granted(b, "two");
  auto got = expect<leases_acquired>(
      a, acquire_leases{a.who, {{"one", 0, 0, ""}, {"two", 0, 0, ""}, {"three", 0, 0, ""}}});
  ASSERT_EQ(got.grants.size(), 3u);
  EXPECT_EQ(got.grants[0].outcome, acquired::granted);
  EXPECT_EQ(got.grants[1].outcome, acquired::taken);
  EXPECT_EQ(got.grants[1].epoch, taken);
  EXPECT_EQ(got.grants[2].outcome, acquired::granted);
  auto kept = expect<leases_renewed>(
      a,
      renew_leases{
          a.who, {{"one", got.grants[0].epoch, ""}, {"two", taken, ""}, {"three", got.grants[2].epoch, ""}}});
  EXPECT_EQ(kept.lost, std::vector<std::string>{"two"});
}

TEST_P(LeaseStore, GivenFullBatchWhenAcquiredAndRenewedThenAllAre) {
  open();
  auto a = node("a");
  acquire_leases order{a.who, {}};
  for (std::size_t i = 0; i < max_lease_batch; ++i)
    order.claims.push_back({partition_lease("shard", static_cast<std::uint32_t>(i)), 0, 0, ""});
  auto got = expect<leases_acquired>(a, order);
  ASSERT_EQ(got.grants.size(), max_lease_batch);
  renew_leases again{a.who, {}};
  for (std::size_t i = 0; i < max_lease_batch; ++i) {
    ASSERT_EQ(got.grants[i].outcome, acquired::granted);
    again.leases.push_back({order.claims[i].name, got.grants[i].epoch, ""});
  }
  EXPECT_TRUE(expect<leases_renewed>(a, again).lost.empty());
}

TEST_P(LeaseStore, GivenHolderWhenItAsksAgainThenANewEpochAndTheOldOneIsWorthNothing) {
  open();
  auto a = node("a");
  auto first = granted(a, "x");
  auto second = granted(a, "x");
  EXPECT_GT(second, first);
  EXPECT_FALSE(renew(a, "x", first));
  EXPECT_TRUE(renew(a, "x", second));
  release(a, "x", first);
  EXPECT_EQ(state(a, "x").holder, a.who);
}

TEST_P(LeaseStore, GivenEpochsSeenElsewhereWhenGrantedThenGreaterThanThose) {
  open();
  auto a = node("a");
  auto first = granted(a, "x");
  auto ahead = first + 3'600'000'000; // of a server whose clock was an hour ahead
  EXPECT_EQ(granted(a, {"x", 0, ahead, ""}), ahead + 1);
  EXPECT_EQ(granted(a, {"x", ahead + 50, 0, ""}), ahead + 51);
  EXPECT_EQ(granted(a, {"x", 0, 0, ""}), ahead + 52);
}

TEST_P(LeaseStore, GivenHolderThatFallsSilentWhenATtlHasPassedThenAnotherGetsItAndNotBefore) {
  open();
  auto a = node("a"), b = node("b");
  auto asked = here().clock()->now();
  auto first = granted(a, "x");
  lease_grant got;
  ASSERT_TRUE(eventually([&] {
    got = acquire(b, "x");
    return got.outcome == acquired::granted;
  }));
  EXPECT_GE(here().clock()->now() - asked, ttl);
  EXPECT_GT(got.epoch, first);
  EXPECT_FALSE(renew(a, "x", first));
  EXPECT_EQ(state(a, "x").holder, b.who);
}

TEST_P(LeaseStore, GivenHolderThatRenewsWhenTtlsPassThenItKeepsTheLease) {
  open();
  auto a = node("a"), b = node("b");
  auto epoch = granted(a, "x");
  auto until = here().clock()->now() + 2 * ttl;
  while (here().clock()->now() < until) {
    EXPECT_TRUE(renew(a, "x", epoch));
    EXPECT_EQ(acquire(b, "x").outcome, acquired::taken);
    pass(ttl / 8);
  }
  EXPECT_EQ(state(b, "x").epoch, epoch);
}

TEST_P(LeaseStore, GivenLeaseThatRanOutWhenNobodyTookItThenARenewalGoesOnWithItsEpoch) {
  open();
  auto a = node("a"), b = node("b");
  auto epoch = granted(a, "x");
  ASSERT_TRUE(eventually([&] { return state(b, "x").left == 0us; }));
  EXPECT_EQ(state(b, "x").holder, a.who);
  EXPECT_TRUE(renew(a, "x", epoch));
  EXPECT_EQ(state(b, "x").epoch, epoch);
  EXPECT_EQ(acquire(b, "x").outcome, acquired::taken);
}

TEST_P(LeaseStore, GivenReleasedLeaseWhenAskedForThenAtOnceAnothersAndEpochsGoOn) {
  open();
  auto a = node("a"), b = node("b");
  auto first = granted(a, {"x", 0, 0, "value"});
  release(a, "x", first);
  auto free = state(b, "x");
  EXPECT_EQ(free.holder, lease_holder{});
  EXPECT_EQ(free.left, 0us);
  EXPECT_EQ(free.value, "");
  EXPECT_EQ(free.epoch, first);
  EXPECT_FALSE(renew(a, "x", first)) << "a renewal that comes late must not bring it back";
  EXPECT_GT(granted(b, "x"), first);
}

TEST_P(LeaseStore, GivenOtherIncarnationWhenItRenewsOrReleasesThenNothingChanges) {
  open();
  auto a = node("a"), reborn = node("a");
  auto epoch = granted(a, "x");
  EXPECT_FALSE(renew(reborn, "x", epoch));
  release(reborn, "x", epoch);
  EXPECT_EQ(state(a, "x").holder, a.who);
  EXPECT_EQ(acquire(reborn, "x").outcome, acquired::taken);
}

TEST_P(LeaseStore, GivenValueOfAnyBytesWhenRenewedWithAnotherThenOthersReadIt) {
  open();
  auto a = node("a"), b = node("b");
  std::string bytes{"\0\xff'\\\n$1", 7};
  auto epoch = granted(a, {"x", 0, 0, bytes});
  EXPECT_EQ(state(b, "x").value, bytes);
  ASSERT_TRUE(renew(a, "x", epoch, std::string(max_lease_value, '\0')));
  EXPECT_EQ(state(b, "x").value, std::string(max_lease_value, '\0'));
}

TEST_P(LeaseStore, GivenNamesWhenListedByPrefixThenPagesInOrderAndNothingElse) {
  open();
  auto a = node("a");
  // Names that mean something to LIKE, to globs and to Lua.
  for (auto* name : {"m/b", "m/a", "m%x", "m_", "m/*", "m/~", "m0", "M/a", "m/a/1"})
    granted(a, name);
  std::vector<std::string> names;
  list_leases query{"m/", "", 2};
  for (bool more = true; more;) {
    auto page = list(a, query);
    more = page.more;
    ASSERT_FALSE(page.leases.empty());
    for (auto& l : page.leases) {
      EXPECT_EQ(l.holder, a.who);
      names.push_back(l.name);
    }
    query.after = names.back();
  }
  EXPECT_EQ(names, (std::vector<std::string>{"m/*", "m/a", "m/a/1", "m/b", "m/~"}));
  EXPECT_EQ(list(a, {"", "", 100}).leases.size(), 10u); // with the probe
  EXPECT_TRUE(list(a, {"n", "", 100}).leases.empty());
}

TEST_P(LeaseStore, GivenNamesWhenReadThenInTheirOrderUnknownOnesToo) {
  open();
  auto a = node("a");
  auto epoch = granted(a, "x");
  auto got = expect<leases_read>(a, read_leases{{"never", "x"}}).leases;
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0], (lease_state{"never", {}, 0, "", 0us}));
  EXPECT_EQ(got[1].epoch, epoch);
}

TEST_P(LeaseStore, GivenMessageOutOfBoundsWhenSentThenRejectedAndNothingHappens) {
  open();
  auto a = node("a");
  auto refused = [&](acquire_leases order) {
    auto got = request<leases_acquired>(a, std::move(order));
    return runtime::is(got.error, ec::rejected);
  };
  EXPECT_TRUE(refused({a.who, {{"", 0, 0, ""}}}));
  EXPECT_TRUE(refused({a.who, {{"good", 0, 0, ""}, {"with blank", 0, 0, ""}}}));
  EXPECT_TRUE(refused({a.who, {{"good", 0, 0, ""}, {std::string("nul\0", 4), 0, 0, ""}}}));
  EXPECT_TRUE(refused({a.who, {{std::string(max_lease_name + 1, 'x'), 0, 0, ""}}}));
  EXPECT_TRUE(refused({a.who, {{"good", 0, 0, std::string(max_lease_value + 1, 'x')}}}));
  EXPECT_TRUE(refused({a.who, {{"good", 0, 0, ""}, {"good", 0, 0, ""}}}));
  EXPECT_TRUE(refused({a.who, {{"good", 0, max_epoch + 1, ""}}}));
  EXPECT_TRUE(refused({{"a", 0}, {{"good", 0, 0, ""}}}));
  EXPECT_TRUE(refused({{"", 1}, {{"good", 0, 0, ""}}}));
  EXPECT_TRUE(refused({a.who, std::vector<lease_claim>(max_lease_batch + 1)}));
  EXPECT_TRUE(runtime::is(request<lease_page>(a, list_leases{"", "", 0}).error, ec::rejected));
  EXPECT_TRUE(
      runtime::is(request<leases_renewed>(a, renew_leases{a.who, {{"good", 0, ""}}}).error, ec::rejected));
  EXPECT_EQ(state(a, "good").epoch, 0u);
  EXPECT_EQ(granted(a, {std::string(max_lease_name, 'x'), 0, max_epoch - 1, ""}), max_epoch);
}

} // namespace
} // namespace tutti::tests::leases

#include "tests/runtime/cluster/leases/conformance/lease_store.hpp"

namespace tutti::tests::leases {
namespace {

using runtime::ec;

TEST_P(LeaseServer, GivenServerThatRestartsWhenOwnersSitThenTheyRenewAndNobodyElseIsGranted) {
  open();
  auto a = node("a"), b = node("b");
  auto sitting = granted(a, "x");
  auto gone = granted(b, "y");
  release(b, "y", gone);
  auto asked = here().clock()->now();
  server().kill();
  server().start();
  reconnect({a, b});
  EXPECT_EQ(acquire(b, "y").outcome, acquired::reserved) << "also what nobody held, as far as it knows";
  EXPECT_TRUE(renew(a, "x", sitting));
  auto refused = acquire(b, "x");
  EXPECT_EQ(refused.outcome, acquired::taken);
  EXPECT_EQ(acquire(a, {"x", sitting, 0, ""}).outcome, acquired::reserved);
  ASSERT_TRUE(eventually([&] { return acquire(b, {"y", 0, gone, ""}).outcome == acquired::granted; }));
  EXPECT_GE(here().clock()->now() - asked, ttl);
}

TEST_P(LeaseServer, GivenServerThatLostAGrantWhenItsOwnerRenewsThenItIsPutBack) {
  for (bool release_too : {false, true}) {
    SCOPED_TRACE(release_too);
    open();
    auto a = node("a"), b = node("b");
    auto name = release_too ? "x" : "y";
    auto older = granted(b, {name, 0, 0, "b"});
    auto with_grant = server().written();
    release(b, name, older);
    auto with_release = server().written();
    auto sitting = granted(a, {name, 0, older, "a"});
    auto all = server().written();
    if (all == 0)
      GTEST_SKIP() << "it loses nothing";
    server().kill();
    server().lose_tail(all - (release_too ? with_grant : with_release));
    server().start();
    reconnect({a, b});
    ASSERT_EQ(state(b, name).epoch, older);
    ASSERT_EQ(state(b, name).holder, release_too ? b.who : lease_holder{});
    ASSERT_TRUE(renew(a, name, sitting, "a"));
    auto now = state(b, name);
    EXPECT_EQ(now.holder, a.who);
    EXPECT_EQ(now.epoch, sitting);
    EXPECT_EQ(now.value, "a");
    EXPECT_EQ(acquire(b, {name, older, 0, ""}).outcome, acquired::taken);
    EXPECT_FALSE(renew(b, name, older));
  }
}

TEST_P(LeaseServer, GivenOutageLongerThanTheTtlWhenItEndsThenFormerOwnersComeFirst) {
  open();
  auto a = node("a"), b = node("b");
  auto first = granted(a, "x");
  granted(b, "y");
  server().freeze();
  pass(ttl + ttl / 4);
  server().thaw();
  reconnect({a, b});
  EXPECT_EQ(acquire(b, {"x", 0, first, ""}).outcome, acquired::reserved);
  EXPECT_GT(granted(a, {"x", first, 0, ""}), first);
  EXPECT_EQ(acquire(a, "y").outcome, acquired::reserved);
  auto reborn = node("b"); // the same node after a restart of its own
  granted(reborn, "y");
}

TEST_P(LeaseServer, GivenFormerOwnerThatDoesNotComeBackWhenATtlHasPassedThenOthersGetIt) {
  open();
  auto a = node("a"), b = node("b");
  auto first = granted(a, "x");
  server().freeze();
  pass(ttl + ttl / 4);
  server().thaw();
  reconnect({b});
  EXPECT_EQ(acquire(b, "x").outcome, acquired::reserved);
  lease_grant got;
  ASSERT_TRUE(eventually([&] {
    auto answered = ask(b, {"x", 0, 0, ""});
    if (answered)
      got = answered->grants.at(0);
    return answered && got.outcome == acquired::granted;
  }));
  EXPECT_GT(got.epoch, first);
}

TEST_P(LeaseServer, GivenServerThatIsGoneWhenAskedThenAnErrorInTimeAndItHealsByItself) {
  open();
  auto a = node("a");
  auto epoch = granted(a, "x");
  server().kill();
  auto asked = here().clock()->now();
  auto got = ask(a, {"y", 0, 0, ""});
  ASSERT_FALSE(got);
  EXPECT_TRUE(runtime::is(got.error, ec::unavailable) || runtime::is(got.error, ec::timeout))
      << runtime::describe(got.error);
  EXPECT_LT(here().clock()->now() - asked, ttl);
  server().start();
  ASSERT_TRUE(eventually([&] { return bool(ask(a, {"y", 0, 0, ""})); }));
  EXPECT_TRUE(renew(a, "x", epoch));
}

TEST_P(LeaseServer, GivenFrozenServerWhenAskedThenTimeoutAndAskingAgainGrants) {
  open();
  auto a = node("a"), b = node("b");
  granted(a, "warm");
  server().freeze();
  auto asked = here().clock()->now();
  auto got = ask(a, {"x", 0, 0, ""});
  ASSERT_FALSE(got);
  EXPECT_TRUE(runtime::is(got.error, ec::timeout)) << runtime::describe(got.error);
  EXPECT_GE(here().clock()->now() - asked, lease_store_options{ttl}.call_timeout());
  server().thaw();
  // It may hold the lease since then, and knows no epoch.
  ASSERT_TRUE(eventually([&] {
    auto again = ask(a, {"x", 0, 0, ""});
    return again && again->grants.at(0).outcome == acquired::granted;
  }));
  reconnect({b});
  EXPECT_EQ(acquire(b, "x").outcome, acquired::taken);
}

} // namespace
} // namespace tutti::tests::leases

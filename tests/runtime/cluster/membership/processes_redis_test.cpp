#include "tests/runtime/cluster/membership/member_process.hpp"
#include "tests/runtime/cluster/membership/redis_stores.hpp"
#include "tests/support/redis_server.hpp"

#include <csignal>

#include <gtest/gtest.h>

namespace tutti::tests::membership {
namespace {

using steady = std::chrono::steady_clock;

/// Three nodes: a in this process, b and c in their own, with their leases in Redis.
struct MembershipProcesses : testing::Test {
  static constexpr std::chrono::milliseconds ttl{2'000};
  redis_server redis;
  redis_stores stores{redis.url(), ttl};
  std::unique_ptr<test_node> a;

  void SetUp() override {
    node_options options;
    options.ttl = ttl;
    stores.serve(options);
    a = std::make_unique<test_node>(options);
  }
  std::vector<std::string> arguments(const std::string& name, int incarnation,
                                     const std::string& port = "0") {
    return {name, std::to_string(incarnation), port, redis.url(), std::to_string(ttl.count()),
            "-",  std::to_string(a->port())};
  }
  bool all_up(member_process& b, member_process& c) {
    auto view = std::string{"a:up:1 b:up:1 c:up:1"};
    return eventually([&] {
      return a->sees_up({"a", "b", "c"}) && b.latest("view") == view && c.latest("view") == view;
    });
  }
};

TEST_F(MembershipProcesses, GivenKilledProcessWhenOthersLookThenUnreachableAtOnceAndDownWithItsLease) {
  member_process b{arguments("b", 2)}, c{arguments("c", 3)};
  ASSERT_TRUE(all_up(b, c));
  auto began = steady::now();
  b.signal(SIGKILL);
  EXPECT_TRUE(eventually([&] { return a->count("down b 2") == 1; }));
  EXPECT_LT(steady::now() - began, 1s);
  EXPECT_TRUE(a->sees("b", member_state::up, false)) << "its lease runs";
  EXPECT_TRUE(eventually([&] { return c.latest("view") == "a:up:1 b:up:0 c:up:1"; }));
  EXPECT_TRUE(eventually([&] {
    return a->sees("b", member_state::down, false) && c.latest("view") == "a:up:1 b:down:0 c:up:1";
  }));
  EXPECT_LT(steady::now() - began, ttl * 3 / 2);
  EXPECT_EQ(a->find("b")->why, "its lease ended");
}

TEST_F(MembershipProcesses, GivenFrozenProcessWhenItThawsThenDownAndBack) {
  member_process b{arguments("b", 2)}, c{arguments("c", 3)};
  ASSERT_TRUE(all_up(b, c));
  auto began = steady::now();
  b.signal(SIGSTOP);
  EXPECT_TRUE(eventually([&] { return a->count("down b 2") == 1; }));
  EXPECT_LT(steady::now() - began, ttl) << "0.6 to 0.8 of it";
  EXPECT_TRUE(eventually([&] {
    return a->sees("b", member_state::down, false) && c.latest("view") == "a:up:1 b:down:0 c:up:1";
  }));
  EXPECT_TRUE(eventually([&] { return steady::now() - began > 7s; }))
      << "beyond what CAF keeps a silent link";
  b.signal(SIGCONT);
  auto thawed = steady::now();
  EXPECT_TRUE(all_up(b, c));
  EXPECT_LT(steady::now() - thawed, 8s);
  EXPECT_GE(a->count("up b 2"), 2u);
  EXPECT_TRUE(b.ever("b:joining:1")) << "it has seen that its lease was lost";
}

TEST_F(MembershipProcesses, GivenShortFreezeWhenItThawsThenReachableAgainOverTheSameLink) {
  member_process b{arguments("b", 2)}, c{arguments("c", 3)};
  ASSERT_TRUE(all_up(b, c));
  b.signal(SIGSTOP);
  EXPECT_TRUE(eventually([&] { return a->count("down b 2") == 1; }));
  b.signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return a->count("up b 2") == 2; }, 2s));
  EXPECT_TRUE(all_up(b, c));
}

TEST_F(MembershipProcesses, GivenKilledProcessWhenStartedAnewOnItsPortThenItJoinsWhenTheOldLeaseEnds) {
  auto b = std::make_unique<member_process>(arguments("b", 2));
  member_process c{arguments("c", 3)};
  ASSERT_TRUE(all_up(*b, c));
  auto port = b->port();
  b.reset();
  auto began = steady::now();
  member_process again{arguments("b", 4, port)};
  EXPECT_EQ(again.port(), port);
  EXPECT_TRUE(eventually([&] { return a->count("up b 4") == 1; }));
  EXPECT_TRUE(all_up(again, c));
  EXPECT_EQ(a->find("b")->info.incarnation, 4u);
  EXPECT_LT(steady::now() - began, ttl * 2);
  EXPECT_EQ(again.latest("ended"), "");
}

TEST_F(MembershipProcesses, GivenTakenNameWhenAnotherProcessStartsThenItEndsAndSaysWhere) {
  member_process b{arguments("b", 2)}, c{arguments("c", 3)};
  ASSERT_TRUE(all_up(b, c));
  member_process second{arguments("b", 5)};
  EXPECT_TRUE(eventually([&] { return !second.latest("ended").empty(); }));
  EXPECT_EQ(second.latest("ended"),
            "rejected: the name 'b' is taken by a live node at 127.0.0.1:" + b.port());
  EXPECT_TRUE(all_up(b, c));
  EXPECT_EQ(a->count("down b 2"), 0u);
}

TEST_F(MembershipProcesses, GivenLeaseStoreThatIsGoneWhenItComesBackThenNobodyWasDeclaredDown) {
  member_process b{arguments("b", 2)}, c{arguments("c", 3)};
  ASSERT_TRUE(all_up(b, c));
  redis.freeze();
  EXPECT_TRUE(eventually([&] { return a->sees("a", member_state::joining, true); }))
      << "its own lease is over";
  EXPECT_TRUE(a->sees("b", member_state::up, true)) << "unknown is not down";
  redis.thaw();
  EXPECT_TRUE(all_up(b, c));
  EXPECT_EQ(a->count("down b 2"), 0u);
}

} // namespace
} // namespace tutti::tests::membership

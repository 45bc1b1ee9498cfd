#include "tests/runtime/cluster/membership/fixture.hpp"

#include <caf/all.hpp>

namespace tutti::tests::membership {
namespace {

TEST_F(Membership, GivenThreeNodesWithOneSeedWhenStartedThenEachReachesAll) {
  test_node a{as("a")};
  test_node b{as("b", 2, {a.address()})}, c{as("c", 3, {a.address()})};
  for (auto* n : {&a, &b, &c})
    EXPECT_TRUE(eventually([&] { return n->sees_up({"a", "b", "c"}); }));
  EXPECT_EQ(b.events().size(), 2u);
  EXPECT_EQ(b.find("c")->info.roles, std::vector<std::string>{"worker"});
  auto since = std::chrono::system_clock::now() - b.find("a")->since;
  EXPECT_LT(since, 60s);
  EXPECT_GE(since, 0s);
}

TEST_F(Membership, GivenPeersWhenTheirRoutersAreAskedThenTheyAnswerDirectly) {
  test_node a{as("a")};
  test_node b{as("b", 2, {a.address()})};
  ASSERT_TRUE(eventually([&] { return b.sees_up({"a", "b"}); }));
  std::lock_guard guard{b.seen().lock};
  ASSERT_EQ(b.seen().routers.size(), 1u);
  auto& router = b.seen().routers.front();
  EXPECT_EQ(router.node(), a.system().node());
  caf::scoped_actor self{b.system()};
  bool answered = false;
  self->request(router, 5s, caf::ping_atom_v)
      .receive([&](caf::pong_atom) { answered = true; }, [](const caf::error&) {});
  EXPECT_TRUE(answered);
}

TEST_F(Membership, GivenRunningClusterWhenANodeComesLaterThenAllDialItOrAreDialled) {
  test_node a{as("a")};
  test_node b{as("b", 2, {a.address()})};
  ASSERT_TRUE(eventually([&] { return b.sees_up({"a", "b"}); }));
  auto began = std::chrono::steady_clock::now();
  test_node c{as("c", 3, {b.address()})}; // does not know a, which sees its lease
  for (auto* n : {&a, &b, &c})
    EXPECT_TRUE(eventually([&] { return n->sees_up({"a", "b", "c"}); }));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
}

TEST_F(Membership, GivenNodesWithoutSeedsWhenTheySeeTheirLeasesThenTheyConnect) {
  test_node a{as("a")}, b{as("b", 2)};
  EXPECT_TRUE(eventually([&] { return a.sees_up({"a", "b"}) && b.sees_up({"a", "b"}); }));
}

TEST_F(Membership, GivenItsOwnAddressAndASecondNameOfAPeerWhenDialledThenOnePeer) {
  test_node a{as("a")};
  auto options = as("b", 2, {{"localhost", a.port()}, {"127.0.0.1", a.port()}});
  auto alone = as("x", 9);
  alone.store = stores_of(std::make_shared<shared_leases>(1s));
  options.port = test_node{alone}.port(); // free again
  options.addresses.push_back({"localhost", options.port});
  test_node b{options};
  EXPECT_TRUE(eventually([&] { return a.sees_up({"a", "b"}) && b.sees_up({"a", "b"}); }));
  EXPECT_EQ(b.events(), std::vector<std::string>{"up a 1"});
  EXPECT_EQ(a.events(), std::vector<std::string>{"up b 2"});
  for (auto& line : log->lines())
    EXPECT_EQ(line.find("not_connected"), line.npos) << line;
}

TEST_F(Membership, GivenPeerWhenItEndsThenDownAtOnceAndItsLeaseLater) {
  test_node a{as("a")};
  {
    test_node b{as("b", 2, {a.address()})};
    ASSERT_TRUE(eventually([&] { return a.sees_up({"a", "b"}); }));
  }
  EXPECT_TRUE(eventually([&] { return a.count("down b 2") == 1; }, 2s));
  EXPECT_TRUE(eventually([&] { return a.sees("b", member_state::down, false); }, 5s));
  EXPECT_NE(a.find("b")->why, "");
}

TEST_F(Membership, GivenNodeThatDrainsWhenSaidThenAllSeeItUntilUndrained) {
  test_node a{as("a")};
  test_node b{as("b", 2, {a.address()})};
  ASSERT_TRUE(eventually([&] { return a.sees_up({"a", "b"}); }));
  caf::anon_send(b.membership(), set_leaving{});
  EXPECT_TRUE(eventually(
      [&] { return a.sees("b", member_state::leaving, true) && b.sees("b", member_state::leaving, true); }));
  caf::anon_send(b.membership(), set_up{});
  EXPECT_TRUE(eventually([&] { return a.sees_up({"b"}) && b.sees_up({"b"}); }));
}

TEST_F(Membership, GivenMembersWhenDeclaredDownThenOnlyThoseThatAre) {
  test_node a{as("a")};
  test_node c{as("c", 1, {a.address()})};
  auto declare = [&](const std::string& name) {
    caf::error out;
    caf::scoped_actor self{a.system()};
    self->request(a.membership(), 5s, declare_down{name}).receive([] {}, [&](caf::error& e) { out = e; });
    return out;
  };
  {
    test_node b{as("b", 2, {a.address()})};
    ASSERT_TRUE(eventually([&] { return a.sees_up({"a", "b"}) && c.sees_up({"b"}); }));
    EXPECT_TRUE(is(declare("b"), runtime::ec::conflict));
    EXPECT_TRUE(is(declare("a"), runtime::ec::conflict));
    EXPECT_TRUE(is(declare("x"), runtime::ec::not_found));
  }
  ASSERT_TRUE(eventually([&] { return a.sees("b", member_state::down, false); }));
  ASSERT_TRUE(eventually([&] { return c.sees("b", member_state::down, false); }));
  EXPECT_FALSE(declare("b"));
  EXPECT_TRUE(eventually([&] { return !a.find("b") && !c.find("b"); }));
  test_node late{as("d", 1, {a.address()})};
  ASSERT_TRUE(eventually([&] { return late.sees_up({"a", "c"}); }));
  EXPECT_FALSE(late.find("b"));
  {
    test_node dead{as("b", 2, {a.address()})}; // the same life, as a frozen process that thaws
    ASSERT_TRUE(eventually([&] { return !dead.ended().empty(); }));
    EXPECT_EQ(dead.ended(), "rejected: node 'b' was declared dead while it was down; start it anew");
  }
  test_node b{as("b", 3, {a.address()})};
  EXPECT_TRUE(eventually([&] { return a.sees_up({"b"}) && c.sees_up({"b"}); }));
}

TEST_F(Membership, GivenRestartOnTheSamePortWhenTheOldLeaseHasRunOutThenTheNewIncarnationIsUp) {
  test_node a{as("a")};
  auto again = as("b", 2, {a.address()});
  {
    test_node b{again};
    ASSERT_TRUE(eventually([&] { return a.sees_up({"a", "b"}); }));
    again.port = b.port();
  }
  again.incarnation = 3;
  test_node b{again};
  EXPECT_TRUE(eventually([&] { return a.sees_up({"a", "b"}) && b.sees_up({"a", "b"}); }));
  EXPECT_EQ(a.find("b")->info.incarnation, 3u);
  EXPECT_EQ(a.count("down b 2"), 1u);
  EXPECT_EQ(a.count("up b 3"), 1u);
}

TEST_F(Membership, GivenTakenNameWhenTheOtherIsAliveThenTheNewOneEndsWithItsAddress) {
  test_node a{as("a", 1)};
  ASSERT_TRUE(eventually([&] { return a.sees_up({"a"}); }));
  auto began = std::chrono::steady_clock::now();
  test_node other{as("a", 2, {a.address()})};
  ASSERT_TRUE(eventually([&] { return !other.ended().empty(); }));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 2s);
  EXPECT_EQ(other.ended(),
            "rejected: the name 'a' is taken by a live node at 127.0.0.1:" + std::to_string(a.port()));
  EXPECT_TRUE(a.sees_up({"a"}));
  EXPECT_TRUE(a.events().empty());
}

TEST_F(Membership, GivenTakenPortWhenStartedThenItEndsWithWords) {
  test_node a{as("a")};
  auto options = as("b", 2);
  options.port = a.port();
  test_node b{options};
  ASSERT_TRUE(eventually([&] { return !b.ended().empty(); }));
  EXPECT_EQ(b.ended(), "rejected: cannot listen on 127.0.0.1:" + std::to_string(a.port())
                           + " for other nodes: Address already in use");
}

TEST_F(Membership, GivenOtherClusterWhenItDialsThenRefusedWithWordsOnBothSides) {
  test_node a{as("a")};
  auto options = as("b", 2, {a.address()});
  options.cluster = "other";
  options.store = stores_of(std::make_shared<shared_leases>(1s));
  test_node b{options};
  auto words = std::string{"node 'b' is of cluster 'other', node 'a' of 'test'"};
  EXPECT_TRUE(eventually([&] { return logged("peer.refused reason=" + words); }));
  EXPECT_TRUE(eventually([&] { return logged("reason=" + words) && logged("peer.not_connected"); }));
  EXPECT_TRUE(a.events().empty());
  EXPECT_TRUE(b.events().empty());
  EXPECT_FALSE(a.find("b"));
}

TEST_F(Membership, GivenOtherLeaseTimeWhenItDialsThenRefused) {
  test_node a{as("a")};
  auto options = as("b", 2, {a.address()});
  options.ttl = 2s;
  test_node b{options};
  EXPECT_TRUE(eventually([&] { return logged("node 'b' has cluster.lease_ttl 2000 ms, node 'a' 1000 ms"); }));
  EXPECT_TRUE(a.events().empty());
}

} // namespace
} // namespace tutti::tests::membership

#include "tests/runtime/cluster/leases/conformance/history.hpp"
#include "tests/runtime/cluster/leases/conformance/lease_store.hpp"

#include <random>

#include <gmock/gmock.h>

namespace tutti::tests::leases {
namespace {

/// Players that compete for two leases.
struct contest {
  contest(world& in, milliseconds ttl, std::vector<client> nodes)
      : seen(std::make_shared<history>()), world_(in) {
    for (auto& n : nodes)
      players_.push_back(spawn_player(in.system(), n.store, n.who, {ttl}, in.clock(), seen,
                                      static_cast<unsigned>(n.who.incarnation)));
  }
  ~contest() {
    for (auto& p : players_)
      caf::anon_send_exit(p, caf::exit_reason::kill);
    world_.settle();
  }
  contest(const contest&) = delete;
  contest& operator=(const contest&) = delete;

  std::shared_ptr<history> seen;

private:
  world& world_;
  std::vector<caf::actor> players_;
};

TEST(LeaseHistory, GivenHistoriesThatAreWrongWhenJudgedThenTheFaultsAreFound) {
  using tenure = history::tenure;
  auto judge = [](const std::vector<tenure>& all) {
    history h;
    for (auto& t : all)
      h.begin(t);
    return h.faults();
  };
  tenure first{"x", 5, 0ns, 2ns, {{2ns, 10ns}}};
  EXPECT_THAT(judge({first, {"x", 6, 11ns, 12ns, {{12ns, 20ns}}}}), testing::IsEmpty());
  EXPECT_THAT(judge({first, {"y", 5, 3ns, 4ns, {{4ns, 20ns}}}}), testing::IsEmpty());
  EXPECT_THAT(judge({first, {"x", 6, 3ns, 9ns, {{9ns, 20ns}}}}),
              testing::ElementsAre("x: two hold it at once: 5, 6"));
  EXPECT_THAT(judge({first, {"x", 4, 11ns, 12ns, {{12ns, 20ns}}}}),
              testing::ElementsAre("x: an epoch goes back: 5, 4"));
  EXPECT_THAT(judge({first, {"x", 5, 1ns, 12ns, {{12ns, 20ns}}}}),
              testing::ElementsAre("x: an epoch twice: 5, 5"));
}

TEST_P(LeaseStore, GivenManyContendersWhenTheyCompeteThenOneHoldsAndEpochsGrow) {
  ttl = std::min(ttl, 600ms);
  open();
  std::vector<client> nodes;
  for (int i = 0; i < 8; ++i)
    nodes.push_back(node("n" + std::to_string(i)));
  contest c{here(), ttl, nodes};
  ASSERT_TRUE(eventually([&] { return c.seen->grants() >= 60; }, 60s));
  EXPECT_THAT(c.seen->faults(), testing::IsEmpty());
}

TEST_P(LeaseServer, GivenContendersWhenServerIsKilledFrozenAndForgetsThenOneHoldsAndEpochsGrow) {
  ttl = 500ms;
  open();
  std::vector<client> nodes;
  for (int i = 0; i < 5; ++i)
    nodes.push_back(node("n" + std::to_string(i)));
  contest c{here(), ttl, nodes};
  std::minstd_rand random{std::random_device{}()};
  auto some = [&](int most) { return std::uniform_int_distribution<int>{0, most}(random); };
  for (int round = 0; round < 8; ++round) {
    auto before = c.seen->grants();
    ASSERT_TRUE(eventually([&] { return c.seen->grants() >= before + 6; }, 60s)) << "round " << round;
    if (round % 2 == 0) {
      server().kill();
      server().lose_tail(static_cast<std::size_t>(some(4000)));
      pass(milliseconds{some(100)});
      server().start();
    } else {
      server().freeze();
      pass(milliseconds{some(900)});
      server().thaw();
    }
  }
  auto before = c.seen->grants();
  ASSERT_TRUE(eventually([&] { return c.seen->grants() >= before + 6; }, 60s));
  EXPECT_THAT(c.seen->faults(), testing::IsEmpty());
}

} // namespace
} // namespace tutti::tests::leases

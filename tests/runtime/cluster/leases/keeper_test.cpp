#include "runtime/cluster/leases/keeper.hpp"
#include "runtime/cluster/leases/memory/store.hpp"
#include "tests/runtime/cluster/leases/virtual_clock.hpp"
#include "tests/support/virtual_time.hpp"

#include <optional>
#include <vector>

#include <caf/all.hpp>

namespace tutti::tests::leases {

/// To an owner: to drop its lease, and to note what came of it.
struct drop_order {
  caf::actor keeper;
  std::string name;
  std::shared_ptr<std::optional<caf::error>> outcome;
};

} // namespace tutti::tests::leases

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::tests::leases::drop_order)

namespace tutti::tests::leases {
namespace {

using namespace runtime::cluster;
using namespace std::chrono_literals;

/// Lies between keepers and the memory store.
struct wire {
  enum class state { up, cut, deaf, mute }; ///< refuses; never answers; does it and never answers
  state is = state::up;
  std::vector<std::size_t> renewals; ///< leases in each
  std::vector<acquire_leases> acquires;
};

caf::behavior forwarder(caf::event_based_actor* self, caf::actor to, std::shared_ptr<wire> w) {
  auto pass = [=](auto message, auto answer) -> caf::result<decltype(answer)> {
    using answer_type = decltype(answer);
    auto promise = self->make_response_promise<answer_type>();
    if (w->is == wire::state::cut)
      promise.deliver(runtime::make_error(runtime::ec::unavailable, "cut"));
    else if (w->is != wire::state::deaf)
      self->request(to, 60s, message)
          .then(
              [=](answer_type& got) mutable {
                if (w->is != wire::state::mute)
                  promise.deliver(std::move(got));
              },
              [=](caf::error& e) mutable { promise.deliver(std::move(e)); });
    return promise;
  };
  return {
      [=](const acquire_leases& m) {
        w->acquires.push_back(m);
        return pass(m, leases_acquired{});
      },
      [=](const renew_leases& m) {
        w->renewals.push_back(m.leases.size());
        return pass(m, leases_renewed{});
      },
      [=](const release_leases& m) { return pass(m, leases_released{}); },
  };
}

/// What an owner was told.
struct told {
  std::vector<std::shared_ptr<const held_lease>> gained;
  std::vector<lease_lost> lost;
  bool holds() const { return !gained.empty() && gained.back()->holds(); }
};

caf::behavior listener(caf::event_based_actor* self, std::shared_ptr<told> out) {
  return {
      [=](const drop_order& order) {
        auto outcome = order.outcome;
        self->request(order.keeper, 60s, drop_lease{order.name})
            .then([=](const lease_dropped&) { *outcome = caf::error{}; },
                  [=](const caf::error& e) { *outcome = e; });
      },
      [=](const lease_gained& g) { out->gained.push_back(g.lease); },
      [=](const lease_lost& l) { out->lost.push_back(l); },
  };
}

/// Two nodes that want the same.
struct LeaseKeeper : VirtualTime {
  static constexpr auto ttl = 5s;

  struct node {
    caf::actor keeper;
    std::shared_ptr<wire> line = std::make_shared<wire>();
    std::shared_ptr<virtual_clock> clock;
  };
  struct owner {
    caf::actor handle;
    std::shared_ptr<told> in = std::make_shared<told>();
  };

  LeaseKeeper() {
    below([this](auto& self) {
      store = spawn_memory_lease_store(self, {&table, "/n/leases", 0, {}}, book, [this] {
        return 1'800'000'000s
               + std::chrono::duration_cast<std::chrono::microseconds>(
                   scheduler().clock().now().time_since_epoch());
      });
      return store;
    });
  }

  void below(const std::function<caf::actor(caf::event_based_actor&)>& start) {
    sys.spawn([&](caf::event_based_actor* self) { running.push_back(start(*self)); });
    run();
  }

  node start_node(const std::string& name, std::uint64_t incarnation) {
    node out;
    out.clock = std::make_shared<virtual_clock>(sys);
    auto line = sys.spawn(forwarder, store, out.line);
    running.push_back(line);
    below([&](auto& self) {
      out.keeper = spawn_lease_keeper(self, {&table, "/n/keeper", 0, {}}, line,
                                      {{name, incarnation}, {ttl}, out.clock}, metrics);
      return out.keeper;
    });
    return out;
  }

  owner start_owner() {
    owner out;
    out.handle = sys.spawn(listener, out.in);
    running.push_back(out.handle);
    return out;
  }

  void keep(const node& n, const owner& o, const std::string& name, const std::string& value = "") {
    caf::send_as(o.handle, n.keeper, keep_lease{name, value, 0});
    run();
  }
  /// As the owner; what came of it.
  std::shared_ptr<std::optional<caf::error>> drop(const node& n, const owner& o, const std::string& name) {
    auto out = std::make_shared<std::optional<caf::error>>();
    caf::anon_send(o.handle, drop_order{n.keeper, name, out});
    run();
    return out;
  }
  lease_state state(const std::string& name) {
    auto now =
        1'800'000'000s
        + std::chrono::duration_cast<std::chrono::microseconds>(scheduler().clock().now().time_since_epoch());
    return book->read({{name}}, now).leases.at(0);
  }
  std::uint64_t renewals(const char* outcome) {
    return metrics
        .add_counter("tutti_lease_renewals_total", "Leases in renewals, by outcome", {{"outcome", outcome}})
        .value();
  }

  runtime::actor::actor_table table{"n"};
  runtime::telemetry::metrics metrics;
  std::shared_ptr<memory::lease_book> book = std::make_shared<memory::lease_book>(ttl);
  caf::actor store;
};

TEST_F(LeaseKeeper, GivenFreeLeaseWhenKeptForLongThenHeldAllTheTimeByOneGrant) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x", "here");
  ASSERT_EQ(o.in->gained.size(), 1u);
  for (int i = 0; i < 600; ++i) {
    run_for(100ms);
    ASSERT_TRUE(o.in->holds());
    ASSERT_GT(o.in->gained.back()->left(), 2s);
  }
  EXPECT_EQ(o.in->gained.size(), 1u);
  EXPECT_TRUE(o.in->lost.empty());
  EXPECT_EQ(state("x").value, "here");
  EXPECT_EQ(state("x").holder, (lease_holder{"a", 1}));
  EXPECT_GE(a.line->renewals.size(), 35u); // a minute, every third of 5 s or a little less
  EXPECT_LE(a.line->renewals.size(), 45u);
  EXPECT_EQ(renewals("renewed"), a.line->renewals.size());
}

TEST_F(LeaseKeeper, GivenManyLeasesWhenRenewedThenInOneMessage) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  for (std::uint32_t i = 0; i < 300; ++i)
    caf::send_as(o.handle, a.keeper, keep_lease{partition_lease("shard", i), "", 0});
  run_for(5s);
  EXPECT_EQ(o.in->gained.size(), 300u);
  EXPECT_EQ(a.line->renewals.back(), 300u);
  EXPECT_LE(a.line->renewals.size(), 6u);
  EXPECT_LE(a.line->acquires.size(), 6u);
}

TEST_F(LeaseKeeper, GivenMoreLeasesThanAMessageTakesWhenKeptThenAllAreHeld) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  auto count = max_lease_batch + 100;
  for (std::size_t i = 0; i < count; ++i)
    caf::send_as(o.handle, a.keeper, keep_lease{"x" + std::to_string(i), "", 0});
  run_for(12s, 100ms);
  ASSERT_EQ(o.in->gained.size(), count);
  for (auto& g : o.in->gained)
    ASSERT_TRUE(g->holds());
  EXPECT_TRUE(o.in->lost.empty());
}

TEST_F(LeaseKeeper, GivenHolderThatIsCutOffWhenItsTimeIsUpThenItKnowsBeforeTheOtherHasIt) {
  auto a = start_node("a", 1), b = start_node("b", 2);
  auto mine = start_owner(), other = start_owner();
  keep(a, mine, "x");
  keep(b, other, "x");
  run_for(7s);
  ASSERT_TRUE(mine.in->holds());
  EXPECT_TRUE(other.in->gained.empty());
  a.line->is = wire::state::deaf;
  for (int i = 0; i < 800 && other.in->gained.empty(); ++i) {
    run_for(10ms);
    EXPECT_FALSE(mine.in->holds() && other.in->holds());
  }
  ASSERT_TRUE(other.in->holds());
  EXPECT_EQ(mine.in->lost.size(), 1u);
  EXPECT_GT(other.in->gained.back()->epoch(), mine.in->gained.back()->epoch());
  EXPECT_GT(renewals("failed"), 1u) << "it must have tried twice within its time";
}

TEST_F(LeaseKeeper, GivenShortOutageWhenItEndsBeforeTheDeadlineThenNothingIsLost) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  run_for(10s);
  a.line->is = wire::state::cut;
  for (int i = 0; i < 20; ++i) { // 2 s from anywhere between two renewals
    run_for(100ms);
    EXPECT_TRUE(o.in->holds());
  }
  a.line->is = wire::state::up;
  run_for(10s);
  EXPECT_TRUE(o.in->holds());
  EXPECT_EQ(o.in->gained.size(), 1u);
}

TEST_F(LeaseKeeper, GivenLongOutageWhenItEndsThenTheLeaseComesBackWithANewEpoch) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  run_for(1s);
  auto first = o.in->gained.at(0);
  a.line->is = wire::state::cut;
  auto asked = a.line->acquires.size();
  run_for(60s);
  EXPECT_EQ(o.in->lost.size(), 1u);
  EXPECT_LE(a.line->acquires.size() - asked, 100u) << "it must not hammer";
  EXPECT_FALSE(first->holds());
  a.line->is = wire::state::up;
  run_for(3s);
  ASSERT_EQ(o.in->gained.size(), 2u);
  EXPECT_TRUE(o.in->holds());
  EXPECT_FALSE(first->holds()) << "a grant that is lost stays lost";
  EXPECT_GT(o.in->gained.back()->epoch(), first->epoch());
  EXPECT_EQ(a.line->acquires.back().claims.at(0).held, first->epoch()) << "former owners come first";
}

TEST_F(LeaseKeeper, GivenFrozenProcessWhenItThawsThenItsLeaseIsOverBeforeAnyMessage) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  run_for(1s);
  ASSERT_TRUE(o.in->holds());
  auto renewed = a.line->renewals.size();
  a.clock->frozen += 10s; // no timer has run, no message has come
  EXPECT_FALSE(o.in->holds());
  for (int i = 0; i < 300 && o.in->gained.size() < 2; ++i)
    run_for(10ms);
  EXPECT_EQ(o.in->lost.size(), 1u);
  EXPECT_EQ(a.line->renewals.size(), renewed) << "what is not held must not be renewed";
  EXPECT_EQ(o.in->gained.size(), 2u);
}

TEST_F(LeaseKeeper, GivenGrantWhoseAnswerIsLostWhenAskedAgainThenGrantedAnew) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  a.line->is = wire::state::mute;
  keep(a, o, "x");
  auto unknown = state("x").epoch;
  EXPECT_GT(unknown, 0u);
  run_for(100ms);
  EXPECT_TRUE(o.in->gained.empty());
  a.line->is = wire::state::up;
  run_for(3s);
  ASSERT_TRUE(o.in->holds());
  EXPECT_GT(o.in->gained.back()->epoch(), unknown);
}

TEST_F(LeaseKeeper, GivenOwnerThatDropsWhenAnsweredThenOthersHaveItSoon) {
  auto a = start_node("a", 1), b = start_node("b", 2);
  auto mine = start_owner(), other = start_owner();
  keep(a, mine, "x");
  keep(b, other, "x");
  run_for(1s);
  auto done = drop(a, mine, "x");
  EXPECT_FALSE(mine.in->holds());
  ASSERT_TRUE(done->has_value());
  EXPECT_FALSE(**done);
  EXPECT_EQ(state("x").left, 0us);
  run_for(2s);
  EXPECT_TRUE(other.in->holds());
  EXPECT_TRUE(mine.in->lost.empty()) << "it knows";
}

TEST_F(LeaseKeeper, GivenAcquireUnderWayWhenDroppedThenTheGrantIsGivenBackBeforeTheAnswer) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  // Both messages are there before the store answers the first.
  caf::send_as(o.handle, a.keeper, keep_lease{"x", "", 0});
  auto done = drop(a, o, "x");
  run_for(1s);
  ASSERT_TRUE(done->has_value());
  EXPECT_FALSE(**done);
  EXPECT_FALSE(o.in->holds());
  EXPECT_GT(state("x").epoch, 0u);
  EXPECT_EQ(state("x").left, 0us);
}

TEST_F(LeaseKeeper, GivenStoreThatCannotBeReachedWhenDroppedThenAnErrorButNotHeld) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  a.line->is = wire::state::deaf;
  auto done = drop(a, o, "x");
  EXPECT_FALSE(o.in->holds());
  run_for(3s);
  ASSERT_TRUE(done->has_value());
  EXPECT_TRUE(**done);
}

TEST_F(LeaseKeeper, GivenOwnerThatEndsWhenItHeldLeasesThenTheyAreReleased) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  keep(a, o, "y");
  run_for(1s);
  ASSERT_EQ(o.in->gained.size(), 2u);
  caf::anon_send_exit(o.handle, caf::exit_reason::kill);
  run();
  for (auto& g : o.in->gained)
    EXPECT_FALSE(g->holds());
  EXPECT_EQ(state("x").left, 0us);
  EXPECT_EQ(state("y").left, 0us);
}

TEST_F(LeaseKeeper, GivenSuccessorWhenItWantsTheSameThenTheOldOwnerLosesAndItGetsAnotherGrant) {
  auto a = start_node("a", 1);
  auto old = start_owner(), young = start_owner();
  keep(a, old, "x");
  run_for(1s);
  keep(a, young, "x");
  run_for(1s);
  EXPECT_FALSE(old.in->holds());
  EXPECT_EQ(old.in->lost.size(), 1u);
  ASSERT_TRUE(young.in->holds());
  EXPECT_GT(young.in->gained.back()->epoch(), old.in->gained.back()->epoch());
  drop(a, old, "x");
  EXPECT_TRUE(young.in->holds()) << "it is not the old owner's any more";
}

TEST_F(LeaseKeeper, GivenAnotherValueWhenKeptAgainThenOthersReadItSoon) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x", "joining");
  keep(a, o, "x", "up");
  EXPECT_EQ(state("x").value, "up");
  EXPECT_EQ(o.in->gained.size(), 1u);
}

TEST_F(LeaseKeeper, GivenBadNameWhenWantedThenTheOthersAreNotHurt) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "not a name");
  keep(a, o, "x");
  run_for(1s);
  EXPECT_TRUE(o.in->holds());
}

TEST_F(LeaseKeeper, GivenKeeperThatEndsWhenItHeldLeasesThenNoneIsHeld) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  ASSERT_TRUE(o.in->holds());
  caf::anon_send_exit(a.keeper, caf::exit_reason::kill);
  run();
  EXPECT_FALSE(o.in->holds());
}

TEST_F(LeaseKeeper, GivenStoreThatEndsThenTheKeeperEndsAndNothingIsHeld) {
  auto a = start_node("a", 1);
  auto o = start_owner();
  keep(a, o, "x");
  for (auto& r : running)
    if (r != a.keeper && r != o.handle)
      caf::anon_send_exit(r, caf::exit_reason::kill);
  run();
  EXPECT_FALSE(o.in->holds());
  EXPECT_EQ(table.actors([](auto& v) { return v.type == "lease-keeper"; }).size(), 0u);
}

} // namespace
} // namespace tutti::tests::leases

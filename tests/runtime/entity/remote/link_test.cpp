#include "tests/runtime/entity/remote/fixture.hpp"

namespace tutti::tests::entities {
namespace {

/// A link whose peer is the test: what it gets is kept, and answered by hand.
struct RemoteLink : Nodes {
  struct got_frame {
    std::uint64_t number, acknowledged;
    std::string items;
  };
  std::vector<got_frame> frames;
  caf::actor peer, router;
  std::shared_ptr<entity::peer_link> link;
  entity::entity_types types;

  void make(entity::link_bounds bounds = {}) {
    types.add(define_notebook());
    peer = sys.spawn([this]() -> caf::behavior {
      return {[this](entity::frame_atom, std::uint64_t n, std::uint64_t acknowledged, std::string& items) {
        frames.push_back({n, acknowledged, std::move(items)});
      }};
    });
    router = sys.spawn([]() -> caf::behavior {
      return {[](const entity::flush_link& order) { order.link->flush(nullptr); }};
    });
    running = {peer, router};
    link = entity::peer_link::make(sys, types, {"b", 1}, router, peer, bounds);
  }
  void TearDown() override {
    link->disconnect("the test ends"); // who still waits is answered
    Nodes::TearDown();
  }
  /// False: the link refused it.
  bool send(const std::string& line, asked<lines> answer = nullptr, std::chrono::milliseconds budget = 1s) {
    auto& type = *types.find("notebook");
    auto taken = std::make_shared<bool>(false);
    sys.spawn([=, this, &type](caf::event_based_actor* self) {
      entity::entity_call call{"k", self->clock().now() + budget, {}};
      if (!answer) {
        auto element = caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, call, put{line});
        *taken = link->send(type, element, nullptr);
        EXPECT_EQ(*taken, element == nullptr);
        return;
      }
      auto via = sys.spawn([=, this, &type](caf::event_based_actor* inner) -> caf::behavior {
        inner->set_default_handler([=, this, &type](caf::scheduled_actor* me, caf::message_view&) {
          auto e = me->current_mailbox_element();
          auto element = caf::make_mailbox_element(e->sender, e->mid, {}, call, put{line});
          *taken = link->send(type, element, nullptr);
          return caf::result<caf::message>{caf::delegated<caf::message>{}};
        });
        return {[](caf::ok_atom) {}};
      });
      running.push_back(via);
      self->request(via, 60s, std::string{"go"})
          .then(
              [=](lines& l) {
                answer->value = l;
                answer->done = true;
              },
              [=](caf::error& e) {
                answer->error = e;
                answer->done = true;
              });
    });
    run();
    return *taken;
  }
  static asked<lines> nothing_yet() { return std::make_shared<outcome<lines>>(); }
  std::vector<std::uint64_t> ids(std::size_t frame) {
    struct {
      std::vector<std::uint64_t> all;
      void call(entity::item_kind, const entity::call_item& x, std::string_view) { all.push_back(x.id); }
      void reply(const entity::reply_item&) {}
      void failure(const entity::failure_item&) {}
      void look_at_table() {}
    } on;
    EXPECT_TRUE(entity::read_frame(frames.at(frame).items, on));
    return on.all;
  }
  void acknowledge(std::uint64_t n) {
    link->received(0, n, nullptr);
    run();
  }
};

TEST_F(RemoteLink, GivenFrameUnderWayWhenMoreComesThenItGathersIntoTheNext) {
  make();
  sys.spawn([this](caf::event_based_actor* self) {
    for (int i = 0; i < 100; ++i) {
      auto element = caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                               entity::entity_call{"k", self->clock().now() + 1s, {}},
                                               put{std::to_string(i)});
      EXPECT_TRUE(link->send(*types.find("notebook"), element, nullptr));
    }
  });
  run();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(ids(0).size(), 1u);
  EXPECT_EQ(ids(1).size(), 99u);
}

TEST_F(RemoteLink, GivenPeerThatAcknowledgesNothingWhenSentThenTheWindowHoldsAndOpensAgain) {
  make({.unacknowledged_frames = 4});
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(send("x"));
  EXPECT_EQ(frames.size(), 4u);
  acknowledge(2);
  EXPECT_EQ(frames.size(), 5u) << "what has gathered goes as one";
  EXPECT_EQ(ids(4).size(), 6u);
  acknowledge(5);
  send("y");
  EXPECT_EQ(frames.size(), 6u);
}

TEST_F(RemoteLink, GivenFullOutboxWhenSentThenItIsRefusedAndLeftAsItWas) {
  make({.outbox_bytes = 1'000, .unacknowledged_frames = 1});
  EXPECT_TRUE(send("goes"));
  EXPECT_TRUE(send(std::string(2'000, 'x')));
  EXPECT_FALSE(send("refused"));
  acknowledge(1);
  EXPECT_TRUE(send("taken"));
}

TEST_F(RemoteLink, GivenTooManyOpenAsksWhenSentThenItIsRefusedUntilOneIsAnswered) {
  make({.open_asks = 2});
  auto one = nothing_yet(), two = nothing_yet();
  EXPECT_TRUE(send("1", one));
  EXPECT_TRUE(send("2", two));
  EXPECT_FALSE(send("3"));
  auto payload = wire::encode(lines{{"done"}, 7});
  link->answered({ids(0).at(0), payload}, nullptr);
  run();
  ASSERT_TRUE(one->value);
  EXPECT_EQ(one->value->all, texts{"done"});
  EXPECT_TRUE(send("4"));
}

TEST_F(RemoteLink, GivenTooManyOpenAsksWhenTheNodeIsAskedThenItIsRefused) {
  make({.open_asks = 1});
  auto asker = caf::actor_cast<caf::strong_actor_ptr>(router);
  for (std::uint64_t i = 1; i <= 3; ++i)
    link->ask_node("service", "{}", 1'000, asker, caf::make_message_id(i), nullptr);
  run();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(ids(0).size(), 1u);
  link->answered({ids(0).at(0), wire::encode(entity::json_reply{"{}"})}, nullptr);
  acknowledge(1);
  link->ask_node("service", "{}", 1'000, asker, caf::make_message_id(4), nullptr);
  run();
  EXPECT_EQ(frames.size(), 2u);
}

TEST_F(RemoteLink, GivenFullOutboxWhenToldOfTheTableThenItDoesNotGrow) {
  make({.outbox_bytes = 20, .unacknowledged_frames = 1});
  for (int i = 0; i < 1'000; ++i)
    link->look_at_table(nullptr);
  run();
  acknowledge(1);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_LE(frames[1].items.size(), 22u);
}

TEST_F(RemoteLink, GivenOpenAsksWhenDisconnectedThenSentOnesTimeOutAndUnsentOnesAreUnavailable) {
  make({.unacknowledged_frames = 1});
  auto sent = nothing_yet(), gathered = nothing_yet();
  EXPECT_TRUE(send("1", sent));
  EXPECT_TRUE(send("2", gathered));
  EXPECT_EQ(frames.size(), 1u);
  link->disconnect("cut");
  run();
  EXPECT_TRUE(sent->failed(ec::timeout)) << describe(sent->error);
  EXPECT_TRUE(gathered->failed(ec::unavailable)) << describe(gathered->error);
  EXPECT_FALSE(send("3"));
}

TEST_F(RemoteLink, GivenAnswerToAnEarlierLinkWhenItComesThenItFindsNobody) {
  make();
  auto first = nothing_yet();
  EXPECT_TRUE(send("1", first));
  auto old_id = ids(0).at(0);
  link->disconnect("cut");
  link = entity::peer_link::make(sys, types, {"b", 1}, router, peer);
  auto second = nothing_yet();
  EXPECT_TRUE(send("2", second));
  EXPECT_NE(ids(1).at(0), old_id);
  link->answered({old_id, wire::encode(lines{{"wrong"}, 1})}, nullptr);
  link->failed({old_id, 1, "wrong"}, nullptr);
  run();
  EXPECT_FALSE(second->done);
  EXPECT_TRUE(first->failed(ec::timeout));
  link->answered({ids(1).at(0), wire::encode(lines{{"right"}, 1})}, nullptr);
  run();
  ASSERT_TRUE(second->value);
  EXPECT_EQ(second->value->all, texts{"right"});
}

TEST_F(RemoteLink, GivenAnswerThatCannotBeReadOrACodeUnknownWhenItComesThenTheAskerHears) {
  make();
  auto unreadable = nothing_yet(), unknown = nothing_yet();
  send("1", unreadable);
  send("2", unknown);
  link->answered({ids(0).at(0), "\x7f rubbish"}, nullptr);
  link->failed({ids(1).at(0), 257, "of a newer build"}, nullptr);
  run();
  EXPECT_TRUE(unreadable->failed(ec::timeout)) << describe(unreadable->error);
  EXPECT_TRUE(unknown->failed(ec::failed)) << describe(unknown->error);
  EXPECT_EQ(words(unknown->error), "of a newer build");
}

TEST_F(RemoteLink, GivenNobodyWhoAnswersWhenTheDeadlinePassesThenItIsForgotten) {
  make({.open_asks = 1});
  auto one = nothing_yet();
  EXPECT_TRUE(send("1", one, 1s));
  EXPECT_FALSE(send("2"));
  run_for(1100ms);
  link->expire(nullptr);
  run();
  EXPECT_TRUE(one->failed(ec::timeout)) << describe(one->error);
  EXPECT_TRUE(send("3"));
}

TEST_F(RemoteLink, GivenManyFramesOfThePeerWhenNothingGoesBackThenTheyAreAcknowledgedTogether) {
  make();
  for (std::uint64_t n = 1; n <= 20; ++n)
    link->received(n, 0, nullptr);
  run();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[1].acknowledged, 16u);
  EXPECT_TRUE(frames[1].items.empty());
}

TEST_F(RemoteLink, GivenPeerThatCountsFromOneAgainWhenItsFrameComesThenItIsAcknowledgedAtOnce) {
  make();
  for (std::uint64_t n = 1; n <= 8; ++n)
    link->received(n, 0, nullptr);
  link->received(1, 0, nullptr);
  run();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[1].acknowledged, 1u);
}

/// Of whole nodes.
struct RemoteConnection : Nodes {};

TEST_F(RemoteConnection, GivenOpenAskWhenDisconnectedThenTimeoutAndNewMessagesWaitForTheReconnection) {
  two();
  at("b").script->hold_loads = true;
  auto open_ask = ask("a", "k", peek{}, 5s);
  run();
  down("a", "b");
  EXPECT_TRUE(open_ask->failed(ec::timeout)) << describe(open_ask->error);
  auto waiting = ask("a", "k", put{"x"}, 5s);
  run_for(500ms);
  EXPECT_FALSE(waiting->done);
  at("b").script->hold_loads = false;
  client->send(at("b").states, release_held::value);
  up("a", "b");
  EXPECT_TRUE(waiting->value) << describe(waiting->error); // b has not noticed that it was cut
}

TEST_F(RemoteConnection, GivenNewsOfAnEarlierIncarnationWhenItIsDownThenTheLinkStays) {
  two();
  down("a", "b", 99);
  auto got = ask("a", "k", peek{});
  run();
  EXPECT_TRUE(got->value) << describe(got->error);
}

TEST_F(RemoteConnection, GivenReconnectionsWhenMessagesFlowThenEachIsAnsweredOnce) {
  two();
  for (int i = 0; i < 20; ++i) {
    if (i % 3 == 0)
      down("a", "b");
    if (i % 4 == 0)
      down("b", "a");
    if (i % 4 == 0)
      up("b", "a");
    if (i % 3 == 0)
      up("a", "b");
    auto got = ask("a", "k", put{std::to_string(i)});
    run();
    ASSERT_TRUE(got->value) << i << " " << describe(got->error);
    ASSERT_EQ(got->value->all.size(), static_cast<std::size_t>(i + 1));
  }
}

TEST_F(RemoteConnection, GivenRouterThatEndsWhenAsksAreOpenThenTheyAreAnswered) {
  two();
  at("b").script->hold_loads = true;
  auto got = ask("a", "k", peek{}, 60s);
  run();
  client->send_exit(at("a").router, caf::exit_reason::user_shutdown);
  run();
  EXPECT_TRUE(got->failed(ec::timeout)) << describe(got->error);
}

} // namespace
} // namespace tutti::tests::entities

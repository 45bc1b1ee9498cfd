#include "tests/runtime/entity/fixture.hpp"

namespace tutti::tests::entities {
namespace {

struct EntityLife : Entities {};

TEST_F(EntityLife, GivenManyMessagesWhenTheyComeBeforeItStandsThenOneActivationTakesAllInOrder) {
  start_all();
  script->hold_loads = true;
  sys.spawn([ref = refs->ref("notebook", "k")](caf::event_based_actor* self) {
    for (int i = 0; i < 50; ++i)
      ref.tell(self, put{std::to_string(i)});
  });
  run();
  EXPECT_EQ(entities->waiting(), 50u);
  auto last = ask("k", peek{});
  run();
  release();
  ASSERT_TRUE(last->value);
  ASSERT_EQ(last->value->all.size(), 50u);
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(last->value->all[static_cast<std::size_t>(i)], std::to_string(i));
  EXPECT_EQ(script->loads, std::vector<std::size_t>{1});
  EXPECT_EQ(entities->waiting(), 0u);
}

TEST_F(EntityLife, GivenManyEntitiesWhenActivatedTogetherThenTheirStatesAreLoadedTogether) {
  start_all();
  std::vector<asked<lines>> all;
  for (int i = 0; i < 1000; ++i)
    all.push_back(ask("k" + std::to_string(i), peek{}));
  run();
  for (auto& a : all)
    EXPECT_TRUE(a->value);
  EXPECT_LE(script->loads.size(), 4u);
}

TEST_F(EntityLife, GivenStoreThatCannotLoadWhenAskedThenUnavailableAndTheNextIsServed) {
  start_all();
  script->fail_load = make_error(ec::timeout, "slow");
  auto first = ask("k", peek{});
  run();
  EXPECT_TRUE(first->failed(ec::unavailable));
  script->fail_load.reset();
  EXPECT_EQ(lines_of("k"), texts{});
}

TEST_F(EntityLife, GivenStoreThatDoesNotAnswerWhenAskedThenUnavailableBeforeTheCallersOwnDeadline) {
  start_all();
  script->hold_loads = true;
  auto began = sys.clock().now();
  auto got = ask("k", put{"x"}, 1s);
  run_for(1s);
  EXPECT_TRUE(got->failed(ec::unavailable)) << describe(got->error);
  EXPECT_LT(got->at - began, 1s);
  release();
  EXPECT_EQ(script->saves.size(), 0u) << "nobody waits for it any more";
}

TEST_F(EntityLife, GivenNoOwnerWhenAskedThenUnavailableBeforeTheCallersOwnDeadline) {
  types.add(define_notebook());
  start();
  auto began = sys.clock().now();
  auto got = ask("k", peek{}, 1s);
  run_for(800ms);
  EXPECT_FALSE(got->done) << "an owner may still come";
  run_for(200ms);
  EXPECT_TRUE(got->failed(ec::unavailable)) << describe(got->error);
  EXPECT_LT(got->at - began, 1s);
}

TEST_F(EntityLife, GivenOwnerThatComesInTimeWhenAskedThenItIsServed) {
  types.add(define_notebook());
  start();
  auto got = ask("k", peek{}, 1s);
  run_for(500ms);
  open(partition("k"));
  EXPECT_TRUE(got->value);
}

TEST_F(EntityLife, GivenTooManyWaitingWhenAskedThenTheRestHearAtOnceAndRoomComesBack) {
  types.add(define_notebook());
  start({.waiting_messages = 5});
  std::vector<asked<lines>> all;
  for (int i = 0; i < 8; ++i)
    all.push_back(ask("k", peek{}));
  run();
  EXPECT_FALSE(all[4]->done);
  for (int i = 5; i < 8; ++i)
    EXPECT_TRUE(all[static_cast<std::size_t>(i)]->failed(ec::unavailable));
  open_all(); // they go on to wait for the start, at the bound, and none is refused
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(all[static_cast<std::size_t>(i)]->value);
  EXPECT_EQ(entities->waiting(), 0u);
}

TEST_F(EntityLife, GivenTooManyBytesWaitingWhenAskedThenTheRestHearAtOnceAndRoomComesBack) {
  types.add(define_notebook());
  start({.waiting_bytes = 10'000});
  put message{std::string(3'000, 'x')};
  entity::json_command command{"put", R"({"line":")" + message.line + "\"}"};
  auto first = ask<entity::json_reply>("k", command);
  auto second = ask("k", message), third = ask("k", message);
  run();
  EXPECT_FALSE(first->done || second->done || third->done);
  auto refused = ask<entity::json_reply>("k", command);
  auto refused_too = ask("k", message);
  auto small = ask("k", peek{});
  run();
  EXPECT_TRUE(refused->failed(ec::unavailable));
  EXPECT_TRUE(refused_too->failed(ec::unavailable));
  EXPECT_FALSE(small->done) << "there is room for it";
  open_all(); // they go on to wait for the start, at the bound, and none is refused
  EXPECT_TRUE(first->value && second->value && third->value);
  ASSERT_TRUE(small->value);
  EXPECT_EQ(small->value->all.size(), 3u);
  EXPECT_EQ(entities->waiting(), 0u);
  auto other = close(partition("k"));
  auto again = ask("k", message);
  run();
  EXPECT_FALSE(again->done) << "the room is free again";
}

TEST_F(EntityLife, GivenExpiredDeadlineWhenItsTurnComesThenItIsNotHandled) {
  start_all();
  lines_of("k");
  sys.spawn([this](caf::event_based_actor* self) {
    caf::actor to = entity::make_port(sys, entities, *types.find("notebook"));
    self->send(to, entity::entity_call{"k", self->clock().now(), {}}, put{"late"});
  });
  EXPECT_EQ(lines_of("k"), texts{});
}

TEST_F(EntityLife, GivenKeyThatIsEmptyOrTooLongWhenAskedThenRejected) {
  start_all();
  for (auto& key : {std::string{}, std::string(513, 'k')}) {
    auto got = ask(key, peek{});
    run();
    EXPECT_TRUE(got->failed(ec::rejected)) << key.size();
  }
  EXPECT_EQ(lines_of(std::string(512, 'k')), texts{});
  EXPECT_EQ(lines_of(std::string("\0/\xff", 3)), texts{});
}

TEST_F(EntityLife, GivenMessageThatIsNoCallWhenSentToThePortThenRejected) {
  start_all();
  auto to = entity::make_port(sys, entities, *types.find("notebook"));
  auto got = request<int>([to](auto* self) { return self->request(to, 1s, std::string{"hello"}); });
  run();
  EXPECT_TRUE(got->failed(ec::rejected));
}

TEST_F(EntityLife, GivenEntityThatDoesNotLiveWhenInspectedThenItIsNotActivated) {
  start_all();
  auto got = inspect("k");
  run();
  EXPECT_TRUE(got->failed(ec::not_found));
  EXPECT_TRUE(script->loads.empty());
  lines_of("k");
  got = inspect("k");
  run();
  ASSERT_TRUE(got->value);
  EXPECT_NE(got->value->json.find(R"("active":true,"type":"notebook","key":"k")"), std::string::npos)
      << got->value->json;
}

TEST_F(EntityLife, GivenJsonCommandsWhenRunThenRepliesAndMistakesAreJson) {
  start_all();
  auto command = [&](std::string name, std::string json) {
    return ask<entity::json_reply>("k", entity::json_command{std::move(name), std::move(json)});
  };
  auto good = command("put", R"({"line":"a"})"), bad = command("put", R"({"line":7})"),
       unknown = command("put", R"({"line":"a","x":1})"), none = command("nope", "{}");
  run();
  ASSERT_TRUE(good->value) << describe(good->error);
  EXPECT_EQ(good->value->json, R"({"all":["a"],"epoch":1})");
  EXPECT_TRUE(bad->failed(ec::rejected));
  EXPECT_EQ(words(bad->error), "/line: must be a string");
  EXPECT_EQ(words(unknown->error), "/x: is not known here");
  EXPECT_TRUE(none->failed(ec::not_found));
  EXPECT_EQ(script->saves.size(), 1u);
}

TEST_F(EntityLife, GivenHandlerThatThrowsWhenAskedThenTheAskerHearsAndWhoComesAfterIsServedAfterABackoff) {
  start_all();
  ask("k", put{"kept"});
  run();
  auto boom = ask("k", explode{});
  run();
  EXPECT_TRUE(boom->failed(ec::failed));
  EXPECT_EQ(words(boom->error), "a bug");
  auto after = ask("k", peek{});
  run_for(30ms);
  EXPECT_FALSE(after->done) << "it cools down";
  run_for(200ms);
  ASSERT_TRUE(after->value);
  EXPECT_EQ(after->value->all, texts{"kept"});
  EXPECT_EQ(lines_of("other"), texts{}) << "its neighbours go on";
}

TEST_F(EntityLife, GivenEntityThatAlwaysFailsWhenAskedAgainAndAgainThenItsStartsBecomeRare) {
  start_all();
  std::size_t failed = 0;
  for (int i = 0; i < 200; ++i) {
    auto boom = ask("k", explode{}, 1s);
    run_for(100ms);
    failed += boom->failed(ec::failed);
  }
  EXPECT_LT(script->loads.size(), 20u) << "200 messages in 20 s";
  EXPECT_GE(script->loads.size(), 4u);
}

TEST_F(EntityLife, GivenFailedEntityThatNobodyWaitsForWhenItHasCooledThenItIsNotStarted) {
  start_all();
  ask("k", explode{});
  run_for(1s);
  EXPECT_EQ(live(), 0u);
  EXPECT_EQ(script->loads.size(), 1u);
}

TEST_F(EntityLife, GivenStartThatThrowsWhenAskedThenTheNextOneIsTried) {
  auto tries = std::make_shared<int>(0);
  types.add(define_notebook([tries](page&) {
    if (++*tries == 1)
      throw std::runtime_error{"not yet"};
  }));
  start();
  open_all();
  auto first = ask("k", peek{});
  run();
  EXPECT_TRUE(first->done && !first->value);
  auto second = ask("k", peek{});
  run_for(200ms);
  EXPECT_TRUE(second->value) << describe(second->error);
}

struct EntityPassivation : Entities {
  void SetUp() override {
    types.add(define_notebook().passivate_after(1s));
    start();
    open_all();
  }
};

TEST_F(EntityPassivation, GivenIdleEntityWhenItsTimeHasComeThenItEndsAndComesBackWithItsState) {
  ask("k", put{"a"});
  run_for(900ms);
  EXPECT_EQ(live(), 1u);
  run_for(500ms);
  EXPECT_EQ(live(), 0u);
  EXPECT_EQ(lines_of("k"), texts{"a"});
}

TEST_F(EntityPassivation, GivenMessagesNowAndThenWhenItsTimePassesThenItStays) {
  for (int i = 0; i < 5; ++i) {
    lines_of("k");
    run_for(800ms);
  }
  EXPECT_EQ(live(), 1u);
  EXPECT_EQ(script->loads.size(), 1u);
}

TEST_F(EntityPassivation, GivenInspectionsOnlyWhenItsTimeHasComeThenItEnds) {
  lines_of("k");
  for (int i = 0; i < 4; ++i) {
    inspect("k");
    run_for(400ms);
  }
  EXPECT_EQ(live(), 0u);
}

TEST_F(EntityPassivation, GivenSaveUnderWayWhenItsTimeHasComeThenItStaysUntilThatIsDone) {
  script->hold_saves = true;
  auto wrote = ask("k", put{"a"}, 5s);
  run_for(3s);
  EXPECT_EQ(live(), 1u);
  release();
  EXPECT_TRUE(wrote->value);
  run_for(500ms);
  EXPECT_EQ(live(), 0u);
}

} // namespace
} // namespace tutti::tests::entities

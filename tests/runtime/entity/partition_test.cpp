#include "tests/runtime/entity/fixture.hpp"

namespace tutti::tests::entities {
namespace {

struct EntityPartition : Entities {};

TEST_F(EntityPartition, GivenMessagesInTheMailboxWhenClosedThenTheyAreHandledAndSavedBeforeItIsClosed) {
  start_all();
  lines_of("k");
  script->hold_saves = true;
  std::vector<asked<lines>> wrote;
  for (int i = 0; i < 5; ++i)
    wrote.push_back(ask("k", put{std::to_string(i)}));
  run();
  auto closed = close(partition("k"));
  auto after = ask("k", put{"after"});
  run();
  EXPECT_FALSE(closed->done) << "a write is under way";
  release();
  EXPECT_FALSE(closed->done) << "and another one";
  release();
  EXPECT_TRUE(closed->value);
  for (auto& w : wrote)
    EXPECT_TRUE(w->value) << describe(w->error);
  EXPECT_FALSE(after->done) << "it waits for the next owner";
  EXPECT_EQ(live(), 0u);
  script->hold_saves = false;
  open(partition("k"), 2);
  ASSERT_TRUE(after->value);
  EXPECT_EQ(after->value->all, (texts{"0", "1", "2", "3", "4", "after"}));
  EXPECT_EQ(after->value->epoch, 2u);
}

TEST_F(EntityPartition, GivenFullMailboxWhenClosedThenItStillStops) {
  auto type = static_cast<entity::entity_type>(define_notebook());
  type.mailbox_limit = 4;
  types.add(std::move(type));
  start();
  open_all();
  lines_of("k");
  std::vector<asked<lines>> all;
  sys.spawn([this](caf::event_based_actor* self) { // one after another, before the entity runs
    auto ref = refs->ref("notebook", "k");
    for (int i = 0; i < 10; ++i)
      ref.tell(self, put{std::to_string(i)});
    entities->close("worker", partition("k"));
  });
  run();
  EXPECT_EQ(live(), 0u);
  EXPECT_EQ(script->book.load({{{"notebook", "k"}}}).states[0].bytes,
            wire::encode(notebook{{"0", "1", "2", "3"}}));
}

TEST_F(EntityPartition, GivenNothingLivesWhenClosedThenItIsAtOnceAndTwoWhoAskBothHear) {
  start_all();
  EXPECT_TRUE(close(0)->value);
  lines_of("k");
  script->hold_saves = true;
  ask("k", put{"a"});
  run();
  auto first = close(partition("k")), second = close(partition("k"));
  EXPECT_FALSE(first->done || second->done);
  release();
  EXPECT_TRUE(first->value && second->value);
}

TEST_F(EntityPartition, GivenStartUnderWayWhenClosedThenWhoWaitsGoesToTheNextOwnerInOrder) {
  start_all();
  script->hold_loads = true;
  auto early = ask("k", put{"1"}), second = ask("k", put{"2"});
  run();
  auto closed = close(partition("k"));
  EXPECT_TRUE(closed->value);
  auto late = ask("k", put{"3"});
  run();
  EXPECT_EQ(entities->waiting(), 3u);
  script->hold_loads = false;
  open(partition("k"), 2);
  ASSERT_TRUE(early->value && second->value && late->value);
  EXPECT_EQ(late->value->all, (texts{"1", "2", "3"}));
}

TEST_F(EntityPartition, GivenLoadOfAnEarlierLeaseWhenItComesAfterOthersHaveWrittenThenItIsNotUsed) {
  start_all();
  script->hold_loads = true;
  auto early = ask("k", peek{}, 5s);
  run();
  close(partition("k"));
  script->book.raise({{{"worker", partition("k"), 2}}}); // another node had it
  held[partition("k")] = std::make_shared<cluster::held_lease>("x", 2, 24h, lease_time);
  stored("k", {"theirs"});
  open(partition("k"), 3);
  script->hold_loads = false;
  release();
  ASSERT_TRUE(early->value) << describe(early->error);
  EXPECT_EQ(early->value->all, texts{"theirs"});
  EXPECT_EQ(early->value->epoch, 3u);
}

TEST_F(EntityPartition, GivenListOfAnEarlierLeaseWhenItComesLateThenItIsNotUsed) {
  types.add(define_notebook().remember());
  start();
  auto p = partition("k");
  stored("k", {"old"}, 0, true);
  script->hold_lists = true;
  open(p, 1);
  lose(p, 1);
  script->book.raise({{{"worker", p, 2}}});
  held[p] = std::make_shared<cluster::held_lease>("x", 2, 24h, lease_time);
  stored("k", {"theirs"}, 1, true);
  open(p, 3);
  release();
  EXPECT_EQ(live(), 1u);
  EXPECT_EQ(lines_of("k"), texts{"theirs"});
}

TEST_F(EntityPartition, GivenPartitionLostWhenSavesAreUnderWayThenItEndsAndNobodyIsToldItWasSaved) {
  start_all();
  lines_of("k");
  script->hold_saves = true;
  auto wrote = ask("k", put{"a"}), merged = ask("k", put{"b"});
  run();
  held[partition("k")]->drop();
  lose(partition("k"));
  EXPECT_EQ(live(), 0u);
  EXPECT_TRUE(wrote->failed(ec::timeout)) << "it may be stored: " << describe(wrote->error);
  EXPECT_TRUE(merged->failed(ec::unavailable)) << describe(merged->error);
  release();
}

TEST_F(EntityPartition, GivenNewsOfAnEarlierLeaseWhenItIsLostThenTheOneInForceStays) {
  start_all();
  open(partition("k"), 5);
  lines_of("k");
  lose(partition("k"), 4);
  EXPECT_EQ(live(), 1u);
  lose(partition("k"), 5);
  EXPECT_EQ(live(), 0u);
}

TEST_F(EntityPartition, GivenPartitionOpenedAnewWhenEntitiesOfTheOldLeaseLiveThenTheyEnd) {
  start_all();
  ask("k", put{"a"});
  run();
  open(partition("k"), 2);
  EXPECT_EQ(live(), 0u);
  auto got = ask("k", peek{});
  run();
  EXPECT_EQ(got->value->epoch, 2u);
  EXPECT_EQ(got->value->all, texts{"a"});
}

TEST_F(EntityPartition, GivenLeaseThatRunsOutUnnoticedWhenAskedThenNothingIsDispatched) {
  types.add(define_notebook());
  start();
  open(partition("k"), 1, 10s);
  lines_of("k");
  lease_time->frozen += 1h; // as after a stop of the process; no timer has run
  auto got = ask("k", put{"a"}, 1s);
  run_for(1s);
  EXPECT_TRUE(got->failed(ec::unavailable)) << describe(got->error);
  EXPECT_TRUE(script->saves.empty());
}

TEST_F(EntityPartition, GivenMessageInTheMailboxWhenTheLeaseRunsOutThenItIsRefusedUnhandled) {
  start_all();
  lines_of("k");
  auto got = std::make_shared<caf::error>();
  sys.spawn([=, this](caf::event_based_actor* self) {
    refs->ref("notebook", "k").ask(self, put{"a"}, 1s).then([](lines&) {}, [=](caf::error& e) { *got = e; });
    lease_time->frozen += 48h; // before the entity comes to it
  });
  run();
  EXPECT_TRUE(is(*got, ec::unavailable)) << describe(*got);
  EXPECT_TRUE(script->saves.empty());
}

TEST_F(EntityPartition, GivenSaveUnderWayWhenTheLeaseRunsOutThenNoReplyIsGivenThoughItIsStored) {
  start_all();
  lines_of("k");
  script->hold_saves = true;
  auto wrote = ask("k", put{"a"});
  run();
  lease_time->frozen += 48h;
  release();
  EXPECT_FALSE(wrote->value);
  EXPECT_TRUE(wrote->failed(ec::timeout)) << describe(wrote->error);
}

TEST_F(EntityPartition, GivenLeaseThatRanOutWhenASavesAnswerWasMissedThenTheEntityIsNotStuckInTheNext) {
  start_all();
  lines_of("k");
  script->hold_saves = true;
  auto wrote = ask("k", put{"a"});
  run();
  lease_time->frozen += 48h;
  release();
  EXPECT_TRUE(wrote->done);
  script->hold_saves = false;
  lose(partition("k"));
  open(partition("k"), 2);
  auto next = ask("k", put{"b"});
  run_for(300ms);
  ASSERT_TRUE(next->value) << describe(next->error);
  EXPECT_EQ(next->value->all, (texts{"a", "b"}));
  EXPECT_TRUE(close(partition("k"))->value);
}

TEST_F(EntityPartition, GivenStartingEntityWhenTheLeaseRunsOutAndIsLostThenTheOrderOfMessagesIsKept) {
  start_all();
  script->hold_loads = true;
  auto p = partition("k");
  auto first = ask("k", put{"1"}, 5s);
  run();
  lease_time->frozen += 48h;
  auto second = ask("k", put{"2"}, 5s);
  run();
  lose(p);
  script->hold_loads = false;
  open(p, 2);
  ASSERT_TRUE(first->value && second->value);
  EXPECT_EQ(second->value->all, (texts{"1", "2"}));
}

struct RememberedEntities : Entities {
  void SetUp() override {
    types.add(define_notebook().remember());
    start();
  }
};

TEST_F(RememberedEntities, GivenMoreThanAPageWhenOpenedThenAllLiveWithoutAMessage) {
  std::size_t here = 0;
  for (int i = 0; here < 1'203; ++i) {
    auto key = "k" + std::to_string(i);
    if (partition(key) != 3)
      continue;
    stored(key, {key}, 0, true);
    ++here;
  }
  open(3);
  EXPECT_EQ(live(), 1'203u);
  EXPECT_EQ(script->lists, 3u);
  EXPECT_TRUE(script->loads.empty()) << "the pages hold the states";
}

TEST_F(RememberedEntities, GivenListThatFailsWhenOpenedThenItIsTriedAgain) {
  stored("k", {"a"}, 0, true);
  script->fail_list = make_error(ec::unavailable, "away");
  open(partition("k"));
  EXPECT_EQ(live(), 0u);
  script->fail_list.reset();
  run_for(1s);
  EXPECT_EQ(live(), 1u);
}

TEST_F(RememberedEntities, GivenLoadThatFailsWhenTheStoreIsBackThenItLivesAgainWithoutAMessage) {
  open_all();
  ask("k", put{"a"});
  ask("k", explode{});
  run();
  EXPECT_EQ(live(), 0u);
  script->fail_load = make_error(ec::unavailable, "away");
  run_for(20s);
  EXPECT_EQ(live(), 0u);
  EXPECT_LT(script->loads.size(), 15u) << "with a backoff";
  script->fail_load.reset();
  run_for(60s);
  EXPECT_EQ(live(), 1u) << script->loads.size();
}

TEST_F(RememberedEntities, GivenRememberedEntityThatFailsWhenItHasCooledThenItLivesAgainWithoutAMessage) {
  open_all();
  ask("k", put{"a"});
  ask("k", explode{});
  run();
  EXPECT_EQ(live(), 0u);
  run_for(300ms);
  EXPECT_EQ(live(), 1u);
  EXPECT_EQ(lines_of("k"), texts{"a"});
}

TEST_F(EntityPartition, GivenWaitingMessagesWhenTheHostEndsThenTheyAreAnsweredAndNothingWaitsAnyMore) {
  start_all();
  script->hold_loads = true;
  auto starting = ask("k", peek{}, 60s);
  run();
  client->send_exit(host, caf::exit_reason::user_shutdown);
  run();
  EXPECT_TRUE(starting->failed(ec::unavailable)) << describe(starting->error);
  auto after = ask("k", peek{}, 60s);
  run();
  EXPECT_TRUE(after->failed(ec::unavailable)) << describe(after->error);
}

} // namespace
} // namespace tutti::tests::entities

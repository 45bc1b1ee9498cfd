#include "tests/runtime/entity/fixture.hpp"

namespace tutti::tests::entities {
namespace {

struct EntityState : Entities {};

TEST_F(EntityState, GivenStoredStateWhenFirstMessageComesThenItIsLoaded) {
  types.add(define_notebook());
  start();
  stored("k", {"before"});
  open_all();
  EXPECT_EQ(lines_of("k"), texts{"before"});
  EXPECT_EQ(script->loads, std::vector<std::size_t>{1});
}

TEST_F(EntityState, GivenUnreadableStateWhenActivatedThenTheRequesterHearsAndItIsTriedAgainLater) {
  start_all();
  store::save_state order{{"notebook", "k"}, "worker", partition("k"), 1, 0, 7};
  order.bytes = "\x7f no state";
  ASSERT_TRUE(script->book.save(std::move(order)));
  auto first = ask("k", peek{});
  run();
  EXPECT_TRUE(first->done && !first->value);
  auto second = ask("k", peek{});
  run();
  EXPECT_FALSE(second->done) << "it cools down";
  run_for(200ms);
  EXPECT_TRUE(second->done && !second->value);
  EXPECT_EQ(script->loads.size(), 2u);
}

TEST_F(EntityState, GivenSaveUnderWayWhenAskedThenNoAnswerBeforeItIsDurable) {
  start_all();
  script->hold_saves = true;
  auto wrote = ask("k", put{"a"});
  run();
  auto read = ask("k", peek{}), looked = ask("k", peek{});
  auto inspected = inspect("k");
  run_for(500ms);
  EXPECT_FALSE(wrote->done || read->done || looked->done || inspected->done);
  release();
  ASSERT_TRUE(wrote->value && read->value && looked->value && inspected->value);
  EXPECT_EQ(read->value->all, texts{"a"});
}

TEST_F(EntityState, GivenSaveUnderWayWhenMoreChangesComeThenTheyAreSavedAsOne) {
  start_all();
  script->hold_saves = true;
  std::vector<asked<lines>> wrote;
  for (int i = 0; i < 10; ++i)
    wrote.push_back(ask("k", put{std::to_string(i)}));
  run();
  release();
  EXPECT_TRUE(wrote[0]->value);
  EXPECT_FALSE(wrote[1]->done || wrote[9]->done);
  release();
  for (auto& w : wrote)
    EXPECT_TRUE(w->value);
  EXPECT_EQ(script->saves.size(), 2u);
  EXPECT_EQ(script->book.load({{{"notebook", "k"}}}).states[0].version, 2u);
  EXPECT_EQ(lines_of("k").size(), 10u);
}

TEST_F(EntityState, GivenHandlerThatAnswersAnErrorWhenItWritesThenNothingIsSaved) {
  start_all();
  auto wrote = ask("k", put{""});
  run();
  EXPECT_TRUE(wrote->failed(ec::rejected));
  EXPECT_TRUE(script->saves.empty());
}

TEST_F(EntityState, GivenFenceRaisedByAnotherWhenSavedThenAllWhoWaitHearUnavailableAndItEnds) {
  start_all();
  ask("k", put{"mine"});
  run();
  ASSERT_EQ(live(), 1u);
  script->book.raise({{{"worker", partition("k"), 2}}});
  script->hold_saves = true;
  auto wrote = ask("k", put{"late"}), merged = ask("k", put{"later"});
  auto read = ask("k", peek{});
  run();
  release();
  for (auto& a : {wrote, merged, read})
    EXPECT_TRUE(a->failed(ec::unavailable)) << describe(a->error);
  EXPECT_EQ(live(), 0u);
  EXPECT_NE(metrics.render().find("tutti_fenced_writes_refused_total 1"), std::string::npos);
  EXPECT_EQ(wire::decode<notebook>(script->book.load({{{"notebook", "k"}}}).states[0].bytes)->all,
            texts{"mine"});
}

TEST_F(EntityState, GivenRefusedSaveWhenAskedAgainThenTheNextActivationLoads) {
  start_all();
  ask("k", put{"mine"});
  run();
  stored("k", {"theirs"}, 1);
  auto wrote = ask("k", put{"lost"});
  run();
  EXPECT_TRUE(wrote->failed(ec::unavailable));
  auto read = ask("k", peek{});
  run_for(300ms);
  ASSERT_TRUE(read->value) << describe(read->error);
  EXPECT_EQ(read->value->all, texts{"theirs"});
}

TEST_F(EntityState, GivenSaveThatTimedOutThoughItTookPlaceWhenRepeatedThenItHasTheSameIdAndIsMadeOnce) {
  start_all();
  script->lose_answer = make_error(ec::timeout, "lost");
  auto wrote = ask("k", put{"once"});
  run_for(200ms);
  ASSERT_TRUE(wrote->value) << describe(wrote->error);
  ASSERT_EQ(script->saves.size(), 2u);
  EXPECT_EQ(script->saves[0].id, script->saves[1].id);
  EXPECT_EQ(script->saves[0].bytes, script->saves[1].bytes);
  EXPECT_EQ(script->book.load({{{"notebook", "k"}}}).states[0].version, 1u);
  auto next = ask("k", put{"twice"});
  run();
  EXPECT_TRUE(next->value);
  EXPECT_NE(script->saves[2].id, script->saves[0].id);
}

TEST_F(EntityState, GivenLostAnswerWhenAnotherOwnerCameMeanwhileThenTheOutcomeIsUnknownNotUnavailable) {
  start_all();
  script->lose_answer = make_error(ec::timeout, "lost");
  script->hold_saves = true;
  auto wrote = ask("k", put{"a"}), later = ask("k", put{"b"});
  run();
  script->book.raise({{{"worker", partition("k"), 2}}});
  script->hold_saves = false;
  release();
  run_for(200ms);
  EXPECT_TRUE(wrote->failed(ec::timeout)) << describe(wrote->error); // it is stored
  EXPECT_TRUE(later->failed(ec::unavailable)) << describe(later->error);
}

TEST_F(EntityState, GivenStoreThatIsAwayForALittleWhenSavedThenItIsTriedAgain) {
  start_all();
  script->fail_save = make_error(ec::unavailable, "away");
  auto wrote = ask("k", put{"a"}, 5s);
  run_for(2s);
  EXPECT_FALSE(wrote->done);
  EXPECT_GT(script->saves.size(), 3u);
  EXPECT_LT(script->saves.size(), 40u) << "with a backoff";
  script->fail_save.reset();
  run_for(600ms);
  EXPECT_TRUE(wrote->value) << describe(wrote->error);
}

TEST_F(EntityState, GivenStoreThatStaysAwayWhenSavedThenUnavailableAndTheStateIsLoadedAnew) {
  start_all();
  script->fail_save = make_error(ec::unavailable, "away");
  auto wrote = ask("k", put{"a"}, 10s);
  run_for(6s);
  EXPECT_TRUE(wrote->failed(ec::unavailable)) << describe(wrote->error);
  script->fail_save.reset();
  auto read = ask("k", peek{});
  run_for(300ms);
  ASSERT_TRUE(read->value);
  EXPECT_EQ(read->value->all, texts{}) << "what was never stored is not there";
}

TEST_F(EntityState, GivenStoreThatNeverAnswersWhenSavedThenTheOutcomeIsUnknown) {
  start_all();
  script->hold_saves = true;
  auto wrote = ask("k", put{"a"}, 10s);
  run_for(6s);
  EXPECT_TRUE(wrote->failed(ec::timeout)) << describe(wrote->error);
  EXPECT_EQ(live(), 0u);
}

TEST_F(EntityState, GivenStateTheStoreRefusesWhenSavedThenTheRequesterHearsWhy) {
  start_all();
  script->fail_save = make_error(ec::rejected, "a state has at most 1 MiB");
  auto wrote = ask("k", put{"a"});
  run();
  EXPECT_TRUE(wrote->failed(ec::rejected));
  EXPECT_EQ(script->saves.size(), 1u);
}

TEST_F(EntityState, GivenSaveThatHangsWhenMessagesKeepComingThenTheirNumberIsBounded) {
  auto type = static_cast<entity::entity_type>(define_notebook());
  type.mailbox_limit = 10;
  types.add(std::move(type));
  start();
  open_all();
  script->hold_saves = true;
  std::vector<asked<lines>> wrote;
  for (int i = 0; i < 30; ++i) {
    wrote.push_back(ask("k", put{std::to_string(i)}));
    run();
  }
  EXPECT_FALSE(wrote[9]->done);
  EXPECT_TRUE(wrote[10]->failed(ec::unavailable));
  EXPECT_TRUE(wrote[29]->failed(ec::unavailable));
  script->hold_saves = false;
  release();
  EXPECT_TRUE(wrote[9]->value);
  EXPECT_EQ(lines_of("k").size(), 10u);
}

TEST_F(EntityState, GivenLaterAnswerWhenItIsGivenThenItsChangeIsSavedFirst) {
  auto helper = sys.spawn([]() -> caf::behavior { return {[](std::string& s) { return s + "!"; }}; });
  types.add(define_notebook(nullptr, helper));
  start();
  running.push_back(helper);
  open_all();
  script->hold_saves = true;
  auto got = ask("k", fetch{"hi"});
  run();
  EXPECT_EQ(script->saves.size(), 1u);
  EXPECT_FALSE(got->done);
  release();
  ASSERT_TRUE(got->value);
  EXPECT_EQ(got->value->all, texts{"hi!"});
}

TEST_F(EntityState, GivenTypeThatNeverLoadsWhenItSavesThenThatIsABugThatShows) {
  types.add(entity::define<notebook>("notebook", "worker", "")
                .answer_later<put, lines>("put", [](page& self, const put&, entity::later<lines> to) {
                  to.save_and_give(view_of(self));
                }));
  start();
  open_all();
  auto got = ask("k", put{"a"});
  run();
  EXPECT_TRUE(got->failed(ec::failed));
  EXPECT_TRUE(script->saves.empty());
}

} // namespace
} // namespace tutti::tests::entities

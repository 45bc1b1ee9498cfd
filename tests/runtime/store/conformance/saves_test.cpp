#include "tests/runtime/store/conformance/entity_store.hpp"

namespace tutti::tests::entities {
namespace {

using runtime::ec;

TEST_P(EntityStore, GivenEntityWhenSavedAgainAndAgainThenVersionsCountAndTheLastStateIsRead) {
  auto a = node(), b = node();
  raise(a, 1, 10);
  EXPECT_EQ(load(a, "x"), (entity_state{{"player", "x"}, 0, "", {}}));
  EXPECT_EQ(saved(a, order("x", 1, 10, 0, "one")), 1u);
  auto timed = order("x", 1, 10, 1, "two");
  timed.wake_at = 1'900'000'000'123;
  EXPECT_EQ(saved(a, timed), 2u);
  EXPECT_EQ(load(b, "x"), (entity_state{{"player", "x"}, 2, "two", 1'900'000'000'123}));
  EXPECT_EQ(saved(a, order("x", 1, 10, 2, "three")), 3u);
  EXPECT_EQ(load(b, "x"), (entity_state{{"player", "x"}, 3, "three", {}}));
}

TEST_P(EntityStore, GivenAnotherVersionWhenSavedThenConflictAndNothingChanges) {
  auto a = node();
  raise(a, 1, 10);
  EXPECT_EQ(refused(a, order("x", 1, 10, 1)), version_conflict) << "nothing is stored";
  saved(a, order("x", 1, 10, 0));
  saved(a, order("x", 1, 10, 1, "second"));
  for (std::uint64_t version : {0, 1, 3})
    EXPECT_EQ(refused(a, order("x", 1, 10, version, "wrong")), version_conflict) << version;
  auto remove = order("x", 1, 10, 1);
  remove.remove = true;
  EXPECT_EQ(refused(a, remove), version_conflict);
  EXPECT_EQ(load(a, "x").bytes, "second");
  EXPECT_EQ(load(a, "x").version, 2u);
}

TEST_P(EntityStore, GivenEntityWhenRemovedThenItIsForgottenAndMayBeMadeAnew) {
  auto a = node();
  raise(a, 1, 10);
  auto first = order("x", 1, 10, 0);
  first.remember = true;
  saved(a, first);
  auto remove = order("x", 1, 10, 1);
  remove.remove = true;
  remove.wake_at = 5; // does not matter
  EXPECT_EQ(saved(a, remove), 0u);
  EXPECT_EQ(load(a, "x"), (entity_state{{"player", "x"}, 0, "", {}}));
  EXPECT_TRUE(list(a, 1).entities.empty());
  EXPECT_EQ(saved(a, remove), 0u) << "repeated";
  EXPECT_EQ(saved(a, order("x", 1, 10, 0, "again")), 3u) << "the version goes on";
  EXPECT_EQ(load(a, "x").bytes, "again");
}

TEST_P(EntityStore, GivenSavesThatHungWhenExecutedAfterTheRemovalThenTheyBringNothingBack) {
  auto a = node();
  raise(a, 1, 10);
  auto hung_first = order("x", 1, 10, 0, "hung");
  saved(a, order("x", 1, 10, 0, "one"));
  auto hung_second = order("x", 1, 10, 1, "hung too");
  saved(a, order("x", 1, 10, 1, "two"));
  auto remove = order("x", 1, 10, 2);
  remove.remove = true;
  saved(a, remove);
  for (auto& hung : {hung_first, hung_second})
    EXPECT_EQ(refused(a, hung), version_conflict);
  EXPECT_EQ(load(a, "x").version, 0u);

  auto anew = order("x", 1, 10, 0, "anew");
  EXPECT_EQ(saved(a, anew), 4u);
  EXPECT_EQ(saved(a, anew), 4u) << "repeated";
  for (auto& hung : {hung_first, hung_second, remove})
    EXPECT_EQ(refused(a, hung), version_conflict);
  EXPECT_EQ(load(a, "x").bytes, "anew");
  EXPECT_EQ(saved(a, order("x", 1, 10, 4, "more")), 5u);
}

TEST_P(EntityStore, GivenRemovedEntityWhenALaterOwnerMakesItAnewThenItsIdsMayBeSmaller) {
  auto a = node();
  raise(a, 1, 10);
  saved(a, order("x", 1, 10, 0, "one"));
  auto remove = order("x", 1, 10, 1);
  remove.remove = true;
  saved(a, remove);
  raise(a, 1, 11);
  auto anew = order("x", 1, 11, 0, "anew");
  anew.id = 1;
  EXPECT_EQ(saved(a, anew), 3u);
  EXPECT_EQ(load(a, "x").bytes, "anew");
}

TEST_P(EntityStore, GivenSaveOfUnknownOutcomeWhenRepeatedThenItSucceedsAndHappensOnce) {
  auto a = node(), b = node();
  raise(a, 1, 10);
  auto first = order("x", 1, 10, 0, "one");
  EXPECT_EQ(saved(a, first), 1u);
  EXPECT_EQ(saved(b, first), 1u);
  auto second = order("x", 1, 10, 1, "two");
  EXPECT_EQ(saved(a, second), 2u);
  EXPECT_EQ(saved(a, second), 2u);
  EXPECT_EQ(load(a, "x").version, 2u);
  EXPECT_EQ(refused(a, first), version_conflict) << "too late";
  auto same_id = order("x", 1, 10, 0, "two");
  same_id.id = second.id;
  EXPECT_EQ(refused(a, same_id), version_conflict) << "of another version";
  raise(b, 1, 11);
  EXPECT_EQ(refused(a, second), fence_conflict) << "its owner must not go on";
}

TEST_P(EntityStore, GivenAnyBytesWhenSavedThenTheyAreReadAsTheyWere) {
  auto a = node();
  raise(a, 1, 10);
  std::string all;
  for (int i = 0; i < 256; ++i)
    all += static_cast<char>(i);
  const std::vector<std::string> keys{
      "", all, std::string(max_entity_key, '\xff'), "\\x00", "{\"a\",NULL}", std::string(2, '\0'), "é\n'"};
  std::vector<save_state> orders;
  for (auto& key : keys)
    orders.push_back(order(key, 1, 10, 0, key + all));
  for (auto& got : ask_all<state_saved>(here().system(), a, orders))
    EXPECT_TRUE(got) << runtime::describe(got.error);
  for (auto& key : keys)
    EXPECT_EQ(load(a, key), (entity_state{{"player", key}, 1, key + all, {}}));
  EXPECT_EQ(saved(a, order("empty", 1, 10, 0, "")), 1u);
  EXPECT_EQ(load(a, "empty"), (entity_state{{"player", "empty"}, 1, "", {}}));
  auto large = order("large", 1, 10, 0, std::string(max_entity_state, '\xab'));
  EXPECT_EQ(saved(a, large), 1u);
  EXPECT_EQ(load(a, "large").bytes, large.bytes);
}

TEST_P(EntityStore, GivenOneKeyOfTwoTypesWhenSavedThenTheyAreTwoEntities) {
  auto a = node();
  raise(a, 1, 10);
  saved(a, order("x", 1, 10, 0, "player"));
  auto session = order("x", 1, 10, 0, "session");
  session.name.type = "session";
  EXPECT_EQ(saved(a, session), 1u);
  EXPECT_EQ(load(a, "x").bytes, "player");
  EXPECT_EQ(load(a, "x", "session").bytes, "session");
}

TEST_P(EntityStore, GivenManyNamesWhenLoadedThenAllInTheOrderOfTheMessage) {
  auto a = node();
  raise(a, 1, 10);
  std::vector<save_state> orders;
  for (int i = 0; i < 1000; i += 2)
    orders.push_back(order(std::to_string(i), 1, 10, 0, "of " + std::to_string(i)));
  ask_all<state_saved>(here().system(), a, orders);
  load_states query;
  for (std::size_t i = max_store_batch; i-- > 0;)
    query.names.push_back({"player", std::to_string(i % 1000)}); // some of them twice
  auto got = expect<states_loaded>(a, query).states;
  ASSERT_EQ(got.size(), max_store_batch);
  for (std::size_t i = 0; i < got.size(); ++i) {
    auto& key = query.names[i].key;
    bool there = std::stoi(key) % 2 == 0;
    ASSERT_EQ(got[i], (entity_state{query.names[i], there ? 1u : 0u, there ? "of " + key : "", {}}));
  }
  EXPECT_TRUE(expect<states_loaded>(a, load_states{}).states.empty());
}

TEST_P(EntityStore, GivenManyLoadsAtOnceWhenAnsweredThenEachHasItsOwn) {
  auto a = node();
  raise(a, 1, 10);
  saved(a, order("there", 1, 10, 0, "yes"));
  std::vector<load_states> queries(600);
  for (std::size_t i = 0; i < queries.size(); ++i)
    for (std::size_t n = 0; n < i % 4; ++n)
      queries[i].names.push_back({"player", n == 1 ? "there" : std::to_string(i)});
  auto got = ask_all<states_loaded>(here().system(), a, queries);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    ASSERT_TRUE(got[i]) << runtime::describe(got[i].error);
    ASSERT_EQ(got[i]->states.size(), queries[i].names.size());
    for (std::size_t n = 0; n < i % 4; ++n) {
      EXPECT_EQ(got[i]->states[n].name, queries[i].names[n]);
      EXPECT_EQ(got[i]->states[n].bytes, n == 1 ? "yes" : "");
    }
  }
}

TEST_P(EntityStore, GivenManySavesAtOnceWhenSomeAreBadThenOnlyThoseAreRefused) {
  auto a = node();
  raise(a, 1, 10);
  raise(a, 2, 20);
  saved(a, order("stored", 1, 10, 0));
  std::vector<save_state> orders;
  for (int i = 0; i < 600; ++i) {
    auto next = order(std::to_string(i), i % 2 == 0 ? 1 : 2, i % 2 == 0 ? 10 : 20, 0);
    if (i % 7 == 1)
      next.epoch += 1;
    if (i % 7 == 2)
      next.version = 5;
    if (i % 7 == 3)
      next.name.type = "no type";
    if (i % 7 == 4)
      next.remove = true;
    orders.push_back(next);
  }
  auto got = ask_all<state_saved>(here().system(), a, orders);
  for (std::size_t i = 0; i < got.size(); ++i) {
    SCOPED_TRACE(i);
    auto kind = i % 7;
    ASSERT_EQ(bool(got[i]), kind == 0 || kind > 3) << runtime::describe(got[i].error);
    if (got[i])
      EXPECT_EQ(got[i]->version, kind == 4 ? 0u : 1u);
    else if (kind == 3)
      EXPECT_TRUE(runtime::is(got[i].error, ec::rejected));
    else
      EXPECT_EQ(runtime::words(got[i].error), kind == 1 ? fence_conflict : version_conflict);
    EXPECT_EQ(load(a, std::to_string(i)).version, kind == 0 || kind > 4 ? 1u : 0u);
  }
}

TEST_P(EntityStore, GivenSavesOfOneEntityWhenSentWithoutWaitingThenTheyHappenInOrder) {
  auto a = node();
  raise(a, 1, 10);
  std::vector<save_state> orders;
  for (std::uint64_t version = 0; version < 20; ++version) {
    orders.push_back(order("x", 1, 10, version, std::to_string(version)));
    orders.push_back(orders.back()); // sent again, as if there had been no answer
    orders.push_back(order("other" + std::to_string(version), 1, 10, 0));
  }
  auto got = ask_all<state_saved>(here().system(), a, orders);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_TRUE(got[i]) << i << ": " << runtime::describe(got[i].error);
    EXPECT_EQ(got[i]->version, i % 3 == 2 ? 1 : i / 3 + 1);
  }
  EXPECT_EQ(load(a, "x").bytes, "19");
}

} // namespace
} // namespace tutti::tests::entities

#include "tests/runtime/store/conformance/entity_store.hpp"

#include <algorithm>

namespace tutti::tests::entities {
namespace {

save_state remembered(save_state what) {
  what.remember = true;
  return what;
}

std::vector<std::string> keys_of(const wake_page& page) {
  std::vector<std::string> out;
  for (auto& e : page.entities)
    out.push_back(e.state.name.key);
  return out;
}

using keys = std::vector<std::string>;

TEST_P(EntityStore, GivenEntitiesWhenListedThenThoseOfThePartitionThatMustLive) {
  auto a = node();
  raise(a, 1, 10);
  raise(a, 2, 10);
  saved(a, remembered(order("remembered", 1, 10, 0, "r")));
  auto timed = order("timed", 1, 10, 0, "t");
  timed.wake_at = 0;
  saved(a, timed);
  saved(a, order("asleep", 1, 10, 0));
  saved(a, remembered(order("elsewhere", 2, 10, 0)));
  auto page = list(a, 1);
  ASSERT_EQ(keys_of(page), (keys{"remembered", "timed"}));
  EXPECT_FALSE(page.more);
  EXPECT_EQ(page.entities[0].state, (entity_state{{"player", "remembered"}, 1, "r", {}}));
  EXPECT_TRUE(page.entities[0].remember);
  EXPECT_EQ(page.entities[1].state, (entity_state{{"player", "timed"}, 1, "t", 0}));
  EXPECT_FALSE(page.entities[1].remember);
  EXPECT_EQ(keys_of(list(a, 2)), keys{"elsewhere"});
  EXPECT_TRUE(list(a, 3).entities.empty());
  EXPECT_TRUE(expect<wake_page>(a, list_wakeful{"shard", 1}).entities.empty());
}

TEST_P(EntityStore, GivenEntityThatChangesWhenListedThenAsItWasSavedLast) {
  auto a = node();
  raise(a, 1, 10);
  raise(a, 2, 10);
  saved(a, remembered(order("x", 1, 10, 0)));
  saved(a, remembered(order("y", 1, 10, 0)));
  saved(a, remembered(order("x", 1, 10, 1, "new")));
  EXPECT_EQ(list(a, 1).entities.at(0).state.bytes, "new");
  saved(a, order("x", 1, 10, 2));
  EXPECT_EQ(keys_of(list(a, 1)), keys{"y"});
  saved(a, remembered(order("y", 2, 10, 1))); // of another partition now
  EXPECT_TRUE(list(a, 1).entities.empty());
  EXPECT_EQ(keys_of(list(a, 2)), keys{"y"});
}

TEST_P(EntityStore, GivenManyWhenListedInPagesThenEachOnceByTypeAndKey) {
  auto a = node();
  raise(a, 1, 10);
  std::vector<std::pair<std::string, std::string>> expected;
  std::vector<save_state> orders;
  for (std::string type : {"a", "B", "a-b", "a.b", "ab"})
    for (std::string key : {std::string{}, std::string{"1"}, std::string{"10"}, std::string{"2"},
                            std::string{"a\0", 2}, std::string{"a"}, std::string{"\x7f"}, std::string{"\x80"},
                            std::string{"\xff\xff"}, std::string{"A"}}) {
      orders.push_back(remembered(order(key, 1, 10, 0)));
      orders.back().name.type = type;
      expected.emplace_back(type, key);
    }
  std::sort(expected.begin(), expected.end());
  for (auto& got : ask_all<state_saved>(here().system(), a, orders))
    ASSERT_TRUE(got) << runtime::describe(got.error);
  for (std::uint32_t limit : {1, 7, 49, 50, 51, 2048}) {
    SCOPED_TRACE(limit);
    std::vector<std::pair<std::string, std::string>> seen;
    entity_name after;
    for (bool more = true; more && seen.size() <= expected.size();) {
      auto page = list(a, 1, after, limit);
      more = page.more;
      ASSERT_EQ(page.entities.size(), std::min<std::size_t>(limit, expected.size() - seen.size()));
      for (auto& e : page.entities)
        seen.emplace_back(e.state.name.type, e.state.name.key);
      after = page.entities.back().state.name;
    }
    EXPECT_EQ(seen, expected);
  }
  EXPECT_EQ(list(a, 1, {"a", "not there"}, 1).entities.at(0).state.name, (entity_name{"a", "\x7f"}));
}

} // namespace
} // namespace tutti::tests::entities

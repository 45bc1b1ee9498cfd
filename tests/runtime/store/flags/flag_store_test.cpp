#include "runtime/wall_clock.hpp"
#include "tests/runtime/store/flags/flag_store.hpp"

#include <algorithm>
#include <functional>

#include <gmock/gmock.h>

namespace tutti::tests::flags {
namespace {

using runtime::ec;
using testing::ElementsAre;

TEST_P(FlagStore, GivenNothingWhenReadThenNoFlagAndAnEmptyList) {
  auto a = node();
  EXPECT_EQ(read(a, "new-queue"), std::nullopt);
  EXPECT_THAT(names(a), ElementsAre());
}

TEST_P(FlagStore, GivenWrittenFlagWhenReadOnAnotherNodeThenAllOfItIsThere) {
  auto a = node(), b = node();
  auto what = order("Player.new_queue-2");
  what.percentage = 25;
  what.description = "ключ 🎵 \"quoted\"\n";
  auto began = runtime::wall_now();
  auto made = written(a, what);
  EXPECT_EQ(made.version, 1u);
  EXPECT_EQ(made.percentage, std::optional<std::uint8_t>{25});
  EXPECT_EQ(made.description, what.description);
  EXPECT_EQ(made.updated_by, "tester");
  EXPECT_GE(made.updated_at, began);
  EXPECT_LE(made.updated_at, runtime::wall_now());
  EXPECT_EQ(read(b, what.name), made);
  EXPECT_EQ(read(b, "player.new_queue-2"), std::nullopt) << "names have capitals";
}

TEST_P(FlagStore, GivenFlagWhenReplacedThenNothingOfTheOldOneIsLeft) {
  auto a = node();
  auto first = order("x");
  first.percentage = 0;
  first.description = "first";
  written(a, first);
  auto second = order("x", false);
  second.updated_by = "someone else";
  auto now = written(a, second);
  EXPECT_EQ(now.version, 2u);
  EXPECT_FALSE(now.enabled);
  EXPECT_EQ(now.percentage, std::nullopt);
  EXPECT_EQ(now.description, "");
  EXPECT_EQ(now.updated_by, "someone else");
  EXPECT_EQ(read(a, "x"), now);
}

TEST_P(FlagStore, GivenExpectedVersionWhenAnotherIsStoredThenConflictAndNothingChanges) {
  auto a = node();
  auto what = order("x");
  what.expected = 1;
  auto refused = ask<flag_written>(a, what);
  EXPECT_TRUE(runtime::is(refused.error, ec::conflict)) << runtime::describe(refused.error);
  EXPECT_EQ(read(a, "x"), std::nullopt);
  what.expected = 0;
  auto made = written(a, what);
  refused = ask<flag_written>(a, what);
  EXPECT_TRUE(runtime::is(refused.error, ec::conflict));
  EXPECT_EQ(runtime::words(refused.error), flag_conflict);
  EXPECT_EQ(read(a, "x"), made);
  what.expected = 1;
  EXPECT_EQ(written(a, what).version, 2u);
}

TEST_P(FlagStore, GivenManyWritersOfOneVersionWhenAtOnceThenExactlyOneSucceeds) {
  auto a = node(), b = node();
  for (std::uint64_t version = 0; version < 5; ++version) {
    auto what = order("x", version % 2 == 0);
    what.expected = version;
    std::size_t succeeded = 0;
    for (auto& store : {a, b})
      for (auto& got : ask_all<flag_written>(here().system(), store, std::vector<write_flag>(8, what)))
        succeeded += got ? 1 : 0;
    EXPECT_EQ(succeeded, 1u);
    EXPECT_EQ(read(b, "x")->version, version + 1);
  }
}

TEST_P(FlagStore, GivenManyWritersWithoutAVersionWhenAtOnceThenEachCounts) {
  auto a = node(), b = node();
  std::vector<std::uint64_t> versions;
  for (auto& store : {a, b})
    for (auto& got : ask_all<flag_written>(here().system(), store, std::vector<write_flag>(20, order("x"))))
      versions.push_back(got ? got->flag.version : 0);
  std::sort(versions.begin(), versions.end());
  for (std::uint64_t i = 0; i < versions.size(); ++i)
    EXPECT_EQ(versions[i], i + 1);
}

TEST_P(FlagStore, GivenFlagsWhenListedThenInTheOrderOfTheirBytes) {
  auto a = node();
  for (auto* name : {"b", "a.b", "B", "a-b", "_", "a_b", "0", "a"})
    written(a, order(name));
  EXPECT_THAT(names(node()), ElementsAre("0", "B", "_", "a", "a-b", "a.b", "a_b", "b"));
  EXPECT_EQ(ask<flags_listed>(a, list_flags{})->flags.at(1), read(a, "B"));
}

TEST_P(FlagStore, GivenAsManyFlagsAsMayBeWhenAnotherIsMadeThenRejected) {
  auto a = node();
  std::vector<write_flag> all;
  for (std::size_t i = 0; i < max_flags; ++i)
    all.push_back(order("f" + std::to_string(i)));
  for (auto& got : ask_all<flag_written>(here().system(), a, all))
    ASSERT_TRUE(got) << runtime::describe(got.error);
  auto refused = ask<flag_written>(a, order("one-more"));
  EXPECT_TRUE(runtime::is(refused.error, ec::rejected)) << runtime::describe(refused.error);
  EXPECT_EQ(written(a, order("f7", false)).version, 2u);
  EXPECT_EQ(names(a).size(), max_flags);
}

TEST_P(FlagStore, GivenMessageBeyondABoundWhenAskedThenRejected) {
  auto a = node();
  using namespace std::string_literals;
  const std::vector<std::function<void(write_flag&)>> wrongs{
      [](auto& o) { o.name = ""; },
      [](auto& o) { o.name = std::string(max_flag_name + 1, 'x'); },
      [](auto& o) { o.name = "a b"; },
      [](auto& o) { o.name = "a\0"s; },
      [](auto& o) { o.name = "\xc3\xa9"; },
      [](auto& o) { o.percentage = 101; },
      [](auto& o) { o.description = std::string(max_flag_description + 1, 'x'); },
      [](auto& o) { o.description = "a\0b"s; },
      [](auto& o) { o.description = "\xff"; },
      [](auto& o) { o.description = "\xc0\x80"; },
      [](auto& o) { o.description = "\xe0\x9f\xbf"; },
      [](auto& o) { o.description = "\xed\xa0\x80"; },
      [](auto& o) { o.description = "\xf4\x90\x80\x80"; },
      [](auto& o) { o.description = "\xf0\x9f\x8e"; },
      [](auto& o) { o.updated_by = ""; },
      [](auto& o) { o.updated_by = std::string(max_flag_author + 1, 'x'); },
      [](auto& o) { o.expected = INT64_MAX; },
  };
  for (std::size_t i = 0; i < wrongs.size(); ++i) {
    auto what = order("x");
    wrongs[i](what);
    auto got = ask<flag_written>(a, what);
    EXPECT_TRUE(runtime::is(got.error, ec::rejected)) << i << ": " << runtime::describe(got.error);
  }
  EXPECT_TRUE(runtime::is(ask<flag_found>(a, read_flag{"a b"}).error, ec::rejected));
  auto widest = order(std::string(max_flag_name, 'x'));
  widest.percentage = 100;
  widest.description = std::string(max_flag_description - 4, 'x') + "\xf4\x8f\xbf\xbf";
  widest.updated_by = std::string(max_flag_author, 'x');
  EXPECT_EQ(read(a, widest.name), std::nullopt);
  auto made = written(a, widest);
  EXPECT_EQ(read(a, widest.name), made);
}

} // namespace
} // namespace tutti::tests::flags

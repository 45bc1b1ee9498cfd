#include "tests/runtime/wire/samples.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::codec {
namespace {

using runtime::wire::decode;
using runtime::wire::encode;

struct old_song {
  std::string title;
};
template <class F>
void fields(F& f, old_song& x) {
  f("title", x.title);
}
struct new_song {
  std::string title;
  std::vector<std::string> artists{"nobody"};
  std::uint32_t ms = 7;
};
template <class F>
void fields(F& f, new_song& x) {
  f("title", x.title)("artists", x.artists)("ms", x.ms);
}

/// Songs wherever a struct may stand, and something behind them that a wrong length would spoil.
template <class Song>
struct shelf {
  Song first;
  std::vector<Song> row;
  std::map<std::string, Song> named;
  std::optional<Song> spare;
  std::uint32_t end = 0;
};
template <class F, class Song>
void fields(F& f, shelf<Song>& x) {
  f("first", x.first)("row", x.row)("named", x.named)("spare", x.spare)("end", x.end);
}

template <class Song>
shelf<Song> filled() {
  shelf<Song> x;
  x.first.title = "a";
  x.row.resize(2);
  x.row[0].title = "b";
  x.row[1].title = "c";
  x.named["k"].title = "d";
  x.spare.emplace().title = "e";
  x.end = 42;
  return x;
}

template <class Song>
std::string titles(const shelf<Song>& x) {
  return x.first.title + x.row.at(0).title + x.row.at(1).title + x.named.at("k").title + x.spare->title;
}

TEST(WireVersions, GivenAppendedMembersWhenAnOlderBuildReadsThenItSkipsThem) {
  auto read = decode<shelf<old_song>>(encode(filled<new_song>()));
  ASSERT_TRUE(read);
  EXPECT_EQ(titles(*read), "abcde");
  EXPECT_EQ(read->end, 42u);
}

TEST(WireVersions, GivenMembersMissingWhenANewerBuildReadsThenDefaultsStay) {
  auto read = decode<shelf<new_song>>(encode(filled<old_song>()));
  ASSERT_TRUE(read);
  EXPECT_EQ(titles(*read), "abcde");
  EXPECT_EQ(read->end, 42u);
  for (auto song : {read->first, read->row[0], read->row[1], read->named["k"], *read->spare}) {
    EXPECT_EQ(song.artists, std::vector<std::string>{"nobody"});
    EXPECT_EQ(song.ms, 7u);
  }
}

struct nothing {};
template <class F>
void fields(F&, nothing&) {}

TEST(WireVersions, GivenStructThatGotItsFirstMembersWhenReadBothWaysThenBothUnderstand) {
  auto newer = decode<std::vector<old_song>>(encode(std::vector<nothing>(3)));
  ASSERT_TRUE(newer);
  EXPECT_EQ(newer->size(), 3u);
  auto older = decode<std::vector<nothing>>(encode(std::vector<old_song>{{"x"}, {"y"}}));
  ASSERT_TRUE(older);
  EXPECT_EQ(older->size(), 2u);
}

} // namespace
} // namespace tutti::tests::codec

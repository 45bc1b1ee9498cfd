#include "services/cli/console/live.hpp"
#include "services/cli/console/table.hpp"
#include "services/cli/console/text.hpp"

#include <sstream>

#include <gtest/gtest.h>

using namespace tutti::services::cli;

namespace {

constexpr screen unbounded{};

screen of_width(std::size_t columns) {
  return {true, false, columns};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    out.push_back(line);
  return out;
}

table sample() {
  table t{{{"ID"}, {"NAME", false, 6}, {"COUNT", true}, {"NOTE", false, 8, 1}}};
  t.add({"1", "short", "7", "n"});
  t.add({"22", "a name that is rather long", "12,345", "something to say about it"});
  return t;
}

TEST(Table, GivenNoBoundWhenRenderedThenColumnsLineUpAndNothingIsCut) {
  EXPECT_EQ(sample().render(unbounded),
            "ID  NAME                         COUNT  NOTE\n"
            "1   short                            7  n\n"
            "22  a name that is rather long  12,345  something to say about it\n");
}

TEST(Table, GivenAnyWidthWhenRenderedThenNoLineIsWider) {
  for (std::size_t columns = 24; columns < 80; ++columns)
    for (auto& line : lines_of(sample().render(of_width(columns))))
      EXPECT_LE(display_width(line), columns) << columns << ": " << line;
}

TEST(Table, GivenLittleRoomWhenRenderedThenLongCellsAreCutFirst) {
  auto lines = lines_of(sample().render(of_width(40)));
  EXPECT_EQ(lines[1].substr(0, 9), "1   short");
  EXPECT_NE(lines[2].find("12,345"), std::string::npos);
  EXPECT_NE(lines[2].find("…"), std::string::npos);
}

TEST(Table, GivenVeryLittleRoomWhenRenderedThenDispensableColumnsGo) {
  auto text = sample().render(of_width(24));
  EXPECT_EQ(text.find("NOTE"), std::string::npos);
  EXPECT_NE(text.find("COUNT"), std::string::npos);
}

TEST(Table, GivenWideCharactersWhenRenderedThenColumnsStillLineUp) {
  table t{{{"SONG"}, {"BPM", true}}};
  t.add({"夜のランナー", "164"});
  t.add({"Última", "178"});
  EXPECT_EQ(t.render(unbounded), "SONG          BPM\n夜のランナー  164\nÚltima        178\n");
}

TEST(Table, GivenControlCharactersWhenRenderedThenTheyAreEscaped) {
  table t{{{"A"}}};
  t.add({"red \x1b[31m\nnext\r\x07 \xc2\x9b \xe2\x80\xae"});
  auto text = t.render(unbounded);
  for (auto* bad : {"\x1b", "\r", "\x07", "\xc2\x9b", "\xe2\x80\xae"})
    EXPECT_EQ(text.find(bad), std::string::npos);
  EXPECT_EQ(lines_of(text).size(), 2u);
}

TEST(Table, GivenColoursWhenRenderedThenWidthsDoNotChange) {
  table t{{{"A"}, {"B"}}};
  t.add({cell{"dead", tint::red}, "x"});
  EXPECT_EQ(t.render(unbounded), "A     B\ndead  x\n");
  EXPECT_EQ(t.render({true, true, 80}), "\x1b[1mA\x1b[0m     \x1b[1mB\x1b[0m\n\x1b[31mdead\x1b[0m  x\n");
}

TEST(Text, GivenTextWhenCutThenItFitsWithItsEllipsis) {
  EXPECT_EQ(cut("abcdef", 6), "abcdef");
  EXPECT_EQ(cut("abcdef", 5), "abcd…");
  EXPECT_EQ(cut("夜のランナー", 6), "夜の…");
  EXPECT_EQ(cut("abc", 0), "");
}

TEST(Text, GivenJsonWhenCleanedThenItMeansTheSameInOneSafeLine) {
  EXPECT_EQ(clean_json("{\"a\":\n\t\"x\xc2\x9by\x7f\"}"), "{\"a\":  \"x\\u009by\\u007f\"}");
  EXPECT_EQ(clean_json("\"Última\""), "\"Última\"");
  EXPECT_EQ(clean_json("\"\xff\""), "\"\xEF\xBF\xBD\"");
}

TEST(Text, GivenNumbersWhenShownThenPeopleCanReadThem) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(duration_text(std::chrono::milliseconds{12}), "12 ms");
  EXPECT_EQ(duration_text(std::chrono::milliseconds{125'000}), "2 m 05 s");
  EXPECT_EQ(counted(1, "job"), "1 job");
  EXPECT_EQ(counted(2000, "job"), "2,000 jobs");
}

TEST(Bar, GivenAnyShareWhenDrawnThenItHasItsWidth) {
  for (double share : {-1.0, 0.0, 0.01, 0.33, 0.5, 0.999, 1.0, 7.0})
    EXPECT_EQ(display_width(bar(share, 20)), 20u) << share;
  EXPECT_EQ(bar(0.5, 4), "██  ");
}

} // namespace

#include "protocols/json/reader.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tutti::tests::json_reader {
namespace {

using namespace protocols::json;

std::string refusal(std::string_view text) {
  reader in{text, "d"};
  in.skip();
  in.end();
  return in.ok() ? "" : in.error().detail;
}

/// As the reader decodes it; "(error)" when it refuses.
std::string text_of(std::string_view json) {
  reader in{json};
  std::string out;
  return in.string(out) && in.end() ? out : "(error)";
}

template <class I>
std::optional<I> integer_of(std::string_view json) {
  reader in{json};
  I out{};
  return in.integer(out) && in.end() ? std::optional{out} : std::nullopt;
}

TEST(JsonReader, GivenNestedValueWhenReadMemberByMemberThenAllIsThere) {
  reader in{
      R"( { "a" : [ 1 , -2 , 3.5e1 ] , "b" : { "c" : "x\ny" , "d" : null , "e" : true } , "f" : {} } )"};
  std::vector<std::string> seen;
  in.object([&](std::string_view key) {
    seen.emplace_back(key);
    if (key == "a") {
      in.array([&] {
        double number = 0;
        in.number(number);
        seen.push_back(std::to_string(static_cast<int>(number)));
      });
    } else if (key == "b") {
      in.object([&](std::string_view inner) {
        seen.emplace_back(inner);
        std::string text;
        bool flag = false;
        if (inner == "c" && in.string(text))
          seen.push_back(text);
        else if (inner == "d")
          seen.push_back(in.null() ? "null" : "?");
        else if (in.boolean(flag))
          seen.push_back(flag ? "true" : "false");
      });
    } else {
      in.skip();
    }
  });
  EXPECT_TRUE(in.end()) << to_string(in.error());
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "1", "-2", "35", "b", "c", "x\ny", "d", "null", "e", "true",
                                            "f"}));
}

TEST(JsonReader, GivenEscapesWhenDecodedThenTheirCharacters) {
  EXPECT_EQ(text_of(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(text_of(R"("\u0041\u00e4\u20AC\uD83C\uDFB5")"), "A\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\xB5");
  EXPECT_EQ(text_of(R"("\u0000")"), std::string(1, '\0'));
  EXPECT_EQ(text_of("\"\xF0\x9F\x8E\xB5 plain \xC3\xA4\""), "\xF0\x9F\x8E\xB5 plain \xC3\xA4");
}

TEST(JsonReader, GivenHalfASurrogatePairWhenDecodedThenReplaced) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(text_of(R"("\uD83C")"), bad);
  EXPECT_EQ(text_of(R"("\uDFB5x")"), bad + "x");
  EXPECT_EQ(text_of(R"("\uD83C\u0041")"), bad + "A");
  EXPECT_EQ(text_of(R"("\uD83C\uD83C\uDFB5")"), bad + "\xF0\x9F\x8E\xB5");
}

TEST(JsonReader, GivenBrokenStringsWhenReadThenRefused) {
  for (std::string_view json :
       {"\"", "\"abc", "\"abcdefghijklmnop", R"("\x")", R"("\u12G4")", R"("\u12)", R"("\)", "\"a\nb\"",
        "\"\x1F\"", "\"\x80\"", "\"\xC3\"", "\"\xED\xA0\x80\"", "\"\xC0\x80\"", "\"\xF5\x80\x80\x80\""})
    EXPECT_EQ(text_of(json), "(error)") << json;
}

TEST(JsonReader, GivenStringOfAnyLengthWhenReadThenWhole) {
  for (std::size_t before = 0; before < 20; ++before)
    for (std::string_view special : {"", "\\n", "\xC3\xA4", "\x7F"}) {
      const auto json = "\"" + std::string(before, 'x') + std::string{special} + std::string(7, 'y') + "\"";
      const auto want =
          std::string(before, 'x') + (special == "\\n" ? "\n" : std::string{special}) + std::string(7, 'y');
      EXPECT_EQ(text_of(json), want);
    }
}

TEST(JsonReader, GivenIntegersAtTheirLimitsWhenReadThenExactOrRefused) {
  EXPECT_EQ(integer_of<std::int64_t>("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(integer_of<std::int64_t>("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(integer_of<std::int64_t>("9223372036854775808"), std::nullopt);
  EXPECT_EQ(integer_of<std::uint32_t>("4294967295"), UINT32_MAX);
  EXPECT_EQ(integer_of<std::uint32_t>("4294967296"), std::nullopt);
  EXPECT_EQ(integer_of<std::uint32_t>("-1"), std::nullopt);
  EXPECT_EQ(integer_of<std::uint64_t>("9007199254740993"), 9007199254740993u);
  EXPECT_EQ(integer_of<std::uint64_t>("-1"), std::nullopt);
  EXPECT_EQ(integer_of<std::uint8_t>("-0"), 0);
  for (std::string_view json :
       {"1.0", "1e2", "\"1\"", "true", "null", "01", "+1", "-", "1.", ".5", "1e", "0x1"})
    EXPECT_EQ(integer_of<int>(json), std::nullopt) << json;
}

TEST(JsonReader, GivenDoublesWhenReadThenExactOrRefused) {
  auto number_of = [](std::string_view json) {
    reader in{json};
    double out = -1;
    return in.number(out) && in.end() ? out : -1;
  };
  EXPECT_EQ(number_of("1.337"), 1.337);
  EXPECT_EQ(number_of("1e3"), 1000);
  EXPECT_EQ(number_of("0.1E-2"), 0.001);
  EXPECT_EQ(number_of("1e999"), -1);
  EXPECT_EQ(number_of("NaN"), -1);
}

TEST(JsonReader, GivenMistakeWhenReadThenItsPathIsNamed) {
  reader in{R"({"a":[{"b":1},{"b":"x"}]})", "d"};
  int number = 0;
  in.object(
      [&](std::string_view) { in.array([&] { in.object([&](std::string_view) { in.integer(number); }); }); });
  ASSERT_FALSE(in.ok());
  EXPECT_EQ(to_string(in.error()), "d.a[1].b: must be an integer");
}

TEST(JsonReader, GivenMissingMemberWhenNamedThenItsPathHasThatName) {
  reader in{R"({"a":{"b":1}})", "d"};
  in.object([&](std::string_view) { in.object([&](std::string_view) { in.skip(); }) && in.missing("c"); });
  EXPECT_EQ(to_string(in.error()), "d.a.c: is missing");
}

TEST(JsonReader, GivenFirstMistakeWhenMoreFollowThenItStays) {
  reader in{"[true]", "x"};
  int number = 0;
  in.array([&] { in.integer(number); });
  in.fail("later");
  in.missing("other");
  EXPECT_EQ(to_string(in.error()), "x[0]: must be an integer");
  EXPECT_FALSE(in.skip());
  EXPECT_EQ(in.peek(), kind::none);
}

TEST(JsonReader, GivenHostileNameWhenInAPathThenShortAndPrintable) {
  const auto json = "{\"" + std::string(1000, 'k') + "\\n\xC3\xA4\":{\"x\ty\":1}}";
  reader in{json};
  in.object([&](std::string_view) { in.object([&](std::string_view) { in.skip(); }); });
  ASSERT_FALSE(in.ok());
  EXPECT_LE(in.error().field.size(), 200u);
  reader other{"{\"\xC3\xA4\n\":1}"};
  other.object([&](std::string_view) { other.skip(); });
  EXPECT_FALSE(other.ok());
}

TEST(JsonReader, GivenMemberThatIsNotTakenWhenReadThenAMistakeNotALoop) {
  reader in{R"({"a":1,"b":2})"};
  int calls = 0;
  in.object([&](std::string_view) { ++calls; });
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(calls, 1);
}

TEST(JsonReader, GivenRawWhenTakenThenTheSliceItself) {
  reader in{R"({"a" :  {"x": [1, 2 ]}  ,"b":"q"})"};
  std::string_view a, b;
  in.object([&](std::string_view key) { in.raw(key == "a" ? a : b); });
  EXPECT_TRUE(in.end());
  EXPECT_EQ(a, R"({"x": [1, 2 ]})");
  EXPECT_EQ(b, R"("q")");
}

TEST(JsonReader, GivenDepthWhenAtTheLimitThenAcceptedAndOneMoreRefused) {
  auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_EQ(refusal(nested(max_depth)), "");
  EXPECT_NE(refusal(nested(max_depth + 1)).find("64 levels"), std::string::npos);
  EXPECT_NE(refusal("[" + nested(max_depth)).find("64 levels"), std::string::npos);
  const auto below = "{\"a\":" + nested(max_depth) + "}";
  reader in{below};
  in.object([&](std::string_view) { in.skip(); });
  EXPECT_FALSE(in.ok()) << "levels that were read count too";
}

TEST(JsonReader, GivenHundredThousandLevelsWhenReadThenRefusedAtOnce) {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_NE(refusal(std::string(100'000, '[')), "");
  std::string objects;
  for (int i = 0; i < 100'000; ++i)
    objects += "{\"a\":";
  EXPECT_NE(refusal(objects), "");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{2});
}

TEST(JsonReader, GivenBrokenStructureWhenSkippedThenRefused) {
  for (std::string_view json : {"",           " ",
                                "{",          "[",
                                "]",          "{]",
                                "[}",         "[1,]",
                                "{\"a\":1,}", "{,}",
                                "[,1]",       "[1 2]",
                                "{\"a\" 1}",  "{\"a\":}",
                                "{a:1}",      "{1:1}",
                                "tru",        "truE",
                                "nul",        "1 1",
                                "[1]]",       "\xEF\xBB\xBF{}",
                                "'a'",        "[1]\x01"})
    EXPECT_NE(refusal(json), "") << json;
}

} // namespace
} // namespace tutti::tests::json_reader

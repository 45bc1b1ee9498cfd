#include "runtime/telemetry/text.hpp"

#include <string>

#include <gtest/gtest.h>
#include <rapidjson/document.h>

using namespace tutti::runtime::telemetry;
using namespace std::string_literals;

namespace {

std::string json(std::string_view bytes) {
  std::string out;
  append_json_escaped(out, bytes);
  return out;
}

std::string line(std::string_view bytes) {
  std::string out;
  append_line_escaped(out, bytes);
  return out;
}

TEST(Text, GivenEveryPairOfBytesWhenEscapedThenJsonParsesWithStrictEncodingCheck) {
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      std::string text = "\"" + json(std::string{static_cast<char>(a), static_cast<char>(b)}) + "\"";
      rapidjson::Document parsed;
      parsed.Parse<rapidjson::kParseValidateEncodingFlag>(text.c_str());
      ASSERT_FALSE(parsed.HasParseError()) << a << ' ' << b << ": " << text;
      ASSERT_EQ(line(std::string{static_cast<char>(a), static_cast<char>(b)}).find('\n'), std::string::npos);
    }
}

TEST(Text, GivenQuotesAndControlsWhenJsonEscapedThenValueReadsBack) {
  auto text = "a\"b\\c\nd\te\r\x01\x7F z"s;
  rapidjson::Document parsed;
  parsed.Parse(("\"" + json(text) + "\"").c_str());
  ASSERT_TRUE(parsed.IsString());
  EXPECT_EQ(parsed.GetString(), text);
}

TEST(Text, GivenInvalidUtf8WhenEscapedThenEachBadByteIsReplaced) {
  auto bad = "\xEF\xBF\xBD"s;
  EXPECT_EQ(to_utf8("a\xFFz"), "a" + bad + "z");
  EXPECT_EQ(to_utf8("\xC0\xAF"), bad + bad) << "overlong '/'";
  EXPECT_EQ(to_utf8("\xE0\x80\x80"), bad + bad + bad) << "overlong";
  EXPECT_EQ(to_utf8("\xED\xA0\x80"), bad + bad + bad) << "surrogate";
  EXPECT_EQ(to_utf8("\xF4\x90\x80\x80"), bad + bad + bad + bad) << "above U+10FFFF";
  EXPECT_EQ(to_utf8("x\xE2\x82"), "x" + bad + bad) << "cut short";
  EXPECT_EQ(to_utf8("\xE2\x82\xAC \xF0\x9F\x8E\xB5"), "\xE2\x82\xAC \xF0\x9F\x8E\xB5") << "valid stays";
}

TEST(Text, GivenTerminalTricksWhenLineEscapedThenShownAsText) {
  EXPECT_EQ(line("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(line("\x1B[2J"), "\\x1b[2J");
  EXPECT_EQ(line("\xC2\x9B"), "\\u009b") << "C1: control sequence introducer";
  EXPECT_EQ(line("\xE2\x80\xA8"), "\\u2028") << "line separator";
  EXPECT_EQ(line("\xE2\x80\xAE"), "\\u202e") << "right-to-left override";
  EXPECT_EQ(line("\0"s), "\\x00");
}

TEST(Text, GivenInstantsWhenWrittenThenRfc3339InUtc) {
  auto at = [](std::int64_t us) {
    std::string out;
    append_rfc3339(out, us);
    return out;
  };
  EXPECT_EQ(at(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(at(951'827'696'789'999), "2000-02-29T12:34:56.789Z");
  EXPECT_EQ(at(-1), "1969-12-31T23:59:59.999Z");
}

} // namespace

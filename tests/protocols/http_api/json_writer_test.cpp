#include "protocols/http_api/json_writer.hpp"

#include <cstdint>
#include <limits>
#include <random>

#include <gtest/gtest.h>
#include <rapidjson/document.h>

using namespace tutti::protocols::http_api;

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonWriter, GivenNestedValuesWhenWrittenThenCommasAreRight) {
  std::string out;
  json_writer json{out};
  json.begin_object()
      .member("a", 1)
      .key("b")
      .begin_array()
      .integer(1)
      .begin_array()
      .end_array()
      .begin_object()
      .end_object()
      .string("x")
      .end_array()
      .member("c", true)
      .key("d")
      .null()
      .key("e")
      .raw("{\"z\":1}")
      .member("f", "text")
      .member("g", std::string{"s"})
      .end_object();
  EXPECT_EQ(out, R"({"a":1,"b":[1,[],{},"x"],"c":true,"d":null,"e":{"z":1},"f":"text","g":"s"})");
}

TEST(JsonWriter, GivenTwoRootsWhenAppendedThenTheTextBeforeStays) {
  std::string out = "data: ";
  json_writer{out}.begin_array().end_array();
  EXPECT_EQ(out, "data: []");
}

TEST(JsonWriter, GivenIntegersWhenWrittenThenExact) {
  std::string out;
  json_writer json{out};
  json.begin_array()
      .integer(std::numeric_limits<std::int64_t>::min())
      .integer(std::numeric_limits<std::uint64_t>::max())
      .integer(std::int8_t{-5})
      .integer(std::uint16_t{65535})
      .integer(0)
      .end_array();
  EXPECT_EQ(out, "[-9223372036854775808,18446744073709551615,-5,65535,0]");
}

TEST(JsonWriter, GivenDoublesWhenWrittenThenShortestOrNull) {
  std::string out;
  json_writer json{out};
  json.begin_array().number(0.1).number(1e300).number(-2.5).number(3).number(
      std::numeric_limits<double>::quiet_NaN());
  json.number(std::numeric_limits<double>::infinity())
      .number(-std::numeric_limits<double>::infinity())
      .end_array();
  EXPECT_EQ(out, "[0.1,1e+300,-2.5,3,null,null,null]");
}

TEST(JsonWriter, GivenSpecialCharactersWhenWrittenThenEscaped) {
  EXPECT_EQ(quoted("a\"b\\c/\b\f\n\r\t\x01\x1F\x7F"),
            "\"a\\\"b\\\\c/\\u0008\\u000c\\n\\r\\t\\u0001\\u001f\x7F\"");
  EXPECT_EQ(quoted(std::string_view{"\0x", 2}), "\"\\u0000x\"");
  EXPECT_EQ(quoted("\xC3\xA4\xF0\x9F\x8E\xB5"), "\"\xC3\xA4\xF0\x9F\x8E\xB5\"");
}

TEST(JsonWriter, GivenBrokenUtf8WhenWrittenThenReplaced) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(quoted("\xFF"), "\"" + r + "\"");
  EXPECT_EQ(quoted("a\x80z"), "\"a" + r + "z\"");
  EXPECT_EQ(quoted("\xE2\x82"), "\"" + r + "\"");             // a cut sequence is one mistake
  EXPECT_EQ(quoted("\xE2\x82\x41"), "\"" + r + "A\"");        // and does not swallow what follows
  EXPECT_EQ(quoted("\xED\xA0\x80"), "\"" + r + r + r + "\""); // a surrogate is three
  EXPECT_EQ(quoted("\xC3\"x"), "\"" + r + "\\\"x\"");
}

TEST(JsonWriter, GivenRandomBytesWhenWrittenThenAParserAccepts) {
  constexpr unsigned seed = 20261122;
  SCOPED_TRACE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (auto& c : bytes)
      c = static_cast<char>(random() % 4 ? random() : 0x80 + random() % 0x80);
    std::string out;
    json_writer{out}.begin_object().member(bytes, bytes).end_object();
    rapidjson::Document parsed;
    parsed.Parse<rapidjson::kParseValidateEncodingFlag>(out.data(), out.size());
    ASSERT_FALSE(parsed.HasParseError()) << round;
    ASSERT_EQ(parsed.MemberCount(), 1u);
  }
}

} // namespace

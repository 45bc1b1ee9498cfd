#include "runtime/entity/json.hpp"
#include "runtime/jobs/schema/json_schema.hpp"
#include "tests/runtime/wire/samples.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::codec {
namespace {

using runtime::entity::json_reader;
using runtime::entity::json_schema_of;
using runtime::entity::to_json;

template <class T>
void expect_back(const T& x) {
  T back;
  auto wrong = json_reader::read(to_json(x), back);
  ASSERT_FALSE(wrong) << wrong->pointer << ": " << wrong->detail << " in " << to_json(x);
  EXPECT_EQ(back, x);
}
/// "pointer: detail", or nothing.
template <class T = everything>
std::string mistake(std::string_view text) {
  T x;
  auto wrong = json_reader::read(text, x);
  return wrong ? wrong->pointer + ": " + wrong->detail : std::string{};
}

TEST(EntityJson, GivenStructOfEverythingWhenReadBackThenItIsTheSame) {
  auto x = full();
  x.text = "a\"\\/\n\x01 ä 🎵"; // JSON holds text, no other bytes
  x.groups["a\"b/~"] = {{1, 2}};
  expect_back(x);
  expect_back(everything{});
}

TEST(EntityJson, GivenStructWhenWrittenThenItIsTheJsonOneExpects) {
  EXPECT_EQ(to_json(point{-1, 2}), R"({"x":-1,"y":2})");
  auto text = to_json(everything{});
  EXPECT_EQ(text,
            R"({"yes":false,"tiny":0,"big":0,"small":0,"wide":0,"paint":0,"text":"","at":{"x":0,"y":0},)"
            R"("path":[],"words":[],"maybe":null,"note":null,"groups":{}})");
}

TEST(EntityJson, GivenMembersThatAreNotThereWhenReadThenDefaultsStay) {
  everything x;
  x.tiny = 9;
  EXPECT_FALSE(json_reader::read(R"( {"text":"t"} )", x));
  EXPECT_EQ(x.tiny, 9);
  EXPECT_EQ(x.text, "t");
}

TEST(EntityJson, GivenWrongTypesWhenReadThenThePointerSaysWhere) {
  EXPECT_EQ(mistake("[]"), ": must be an object");
  EXPECT_EQ(mistake("null"), ": must be an object");
  EXPECT_EQ(mistake(R"({"yes":1})"), "/yes: must be true or false");
  EXPECT_EQ(mistake(R"({"tiny":256})"), "/tiny: must be an integer from 0 to 255");
  EXPECT_EQ(mistake(R"({"tiny":-1})"), "/tiny: must be an integer from 0 to 255");
  EXPECT_EQ(mistake(R"({"small":-129})"), "/small: must be an integer from -128 to 127");
  EXPECT_EQ(mistake(R"({"wide":1.5})"),
            "/wide: must be an integer from -9223372036854775808 to 9223372036854775807");
  EXPECT_EQ(mistake(R"({"big":18446744073709551616})"),
            "/big: must be an integer from 0 to 18446744073709551615");
  EXPECT_EQ(mistake(R"({"paint":-1})"), "/paint: must be an integer from 0 to 255");
  EXPECT_EQ(mistake(R"({"text":{}})"), "/text: must be a string");
  EXPECT_EQ(mistake(R"({"at":7})"), "/at: must be an object");
  EXPECT_EQ(mistake(R"({"path":[{"x":1},{"y":"2"}]})"),
            "/path/1/y: must be an integer from -2147483648 to 2147483647");
  EXPECT_EQ(mistake(R"({"path":{}})"), "/path: must be an array");
  EXPECT_EQ(mistake(R"({"words":["a",null]})"), "/words/1: must be a string");
  EXPECT_EQ(mistake(R"({"maybe":[]})"), "/maybe: must be an object");
  EXPECT_EQ(mistake(R"({"groups":[]})"), "/groups: must be an object");
  EXPECT_EQ(mistake(R"({"groups":{"a/b~c":[7]}})"), "/groups/a~1b~0c/0: must be an object");
}

TEST(EntityJson, GivenUnknownMembersWhenReadThenThePointerSaysWhich) {
  EXPECT_EQ(mistake(R"({"z":1})"), "/z: is not known here");
  EXPECT_EQ(mistake(R"({"maybe":{"x":1,"z":2}})"), "/maybe/z: is not known here");
  EXPECT_EQ(mistake(R"({"path":[{},{"a/b":2}]})"), "/path/1/a~1b: is not known here");
  EXPECT_EQ(mistake(R"({"":1})"), "/: is not known here");
}

TEST(EntityJson, GivenWhatIsNoJsonWhenReadThenRefused) {
  for (std::string_view bad : {"", " ", "{", "}", "{]", "{\"text\":\"}", "{}{}", "{} x", "{\"text\":tru}",
                               "nan", "{\"text\":\"\\ud800\"}", "{'text':1}", "{\"text\":\"a\",}"})
    EXPECT_NE(mistake(bad).find(": is not JSON"), std::string::npos) << bad;
}

TEST(EntityJson, GivenBrokenUtf8WhenReadThenRefused) {
  for (std::string bytes : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
    EXPECT_NE(mistake("{\"text\":\"" + bytes + "\"}").find("is not JSON"), std::string::npos);
}

TEST(EntityJson, GivenANulWhenReadThenItNeitherEndsTheTextNorLosesAName) {
  EXPECT_NE(mistake(std::string_view{"{}\0{{{", 6}), "");
  everything x;
  ASSERT_FALSE(json_reader::read(R"({"groups":{"a\u0000b":[{"x":1}],"a":[]}})", x));
  EXPECT_EQ(x.groups.at(std::string{"a\0b", 3}).at(0).x, 1);
  EXPECT_TRUE(x.groups.at("a").empty());
  expect_back(x);
  EXPECT_NE(mistake(R"({"text\u0000":""})"), "");
}

TEST(EntityJson, GivenBracketsWithoutEndWhenReadThenDepthIsBounded) {
  EXPECT_EQ(mistake(std::string(100'000, '[')), ": is nested deeper than 64 levels");
  std::string deep;
  for (int i = 0; i < 100'000; ++i)
    deep += "{\"a\":";
  EXPECT_EQ(mistake(deep), ": is nested deeper than 64 levels");
  EXPECT_NE(mistake(std::string(64, '[') + std::string(64, ']')), ": is nested deeper than 64 levels");
  EXPECT_FALSE(mistake(R"({"text":")" + std::string(1'000, '[') + R"(\"{"})").find("nested")
               != std::string::npos);
}

TEST(EntityJson, GivenTheSchemaOfAStructWhenTextsAreCheckedThenItSaysWhatTheReaderSays) {
  auto compiled = runtime::jobs::json_schema::compile(json_schema_of<everything>());
  auto* schema = std::get_if<runtime::jobs::json_schema>(&compiled);
  ASSERT_NE(schema, nullptr) << std::get<std::string>(compiled);
  for (std::string_view text : {"{}",
                                "[]",
                                R"({"yes":true})",
                                R"({"yes":0})",
                                R"({"tiny":255})",
                                R"({"tiny":256})",
                                R"({"tiny":-1})",
                                R"({"small":-128})",
                                R"({"small":-129})",
                                R"({"paint":255})",
                                R"({"paint":-1})",
                                R"({"text":"x"})",
                                R"({"text":null})",
                                R"({"at":{"x":1}})",
                                R"({"at":{"z":1}})",
                                R"({"path":[{}]})",
                                R"({"path":[1]})",
                                R"({"maybe":null})",
                                R"({"maybe":{"x":3}})",
                                R"({"maybe":{"x":"3"}})",
                                R"({"note":null})",
                                R"({"note":"n"})",
                                R"({"note":1})",
                                R"({"groups":{"a":[{"y":2}]}})",
                                R"({"groups":{"a":{}}})",
                                R"({"z":1})"})
    EXPECT_EQ(!schema->check(text).violation, mistake(text).empty()) << text;
}

} // namespace
} // namespace tutti::tests::codec

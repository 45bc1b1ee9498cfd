#include "runtime/jobs/schema/json_schema.hpp"

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include <gtest/gtest.h>

using namespace tutti::runtime::jobs;

namespace {

json_schema schema_of(std::string_view text) {
  auto compiled = json_schema::compile(text);
  if (auto* why = std::get_if<std::string>(&compiled)) {
    ADD_FAILURE() << text << ": " << *why;
    return std::get<json_schema>(json_schema::compile("true"));
  }
  return std::move(std::get<json_schema>(compiled));
}

constexpr const char* sync_schema =
    R"({"type":"object","required":["playlistId","userId"],"additionalProperties":false,"properties":{)"
    R"("playlistId":{"type":"string","pattern":"^[A-Za-z0-9]{1,64}$"},"userId":{"type":"string","maxLength":8},)"
    R"("mode":{"enum":["mirror","append"]},"limit":{"type":"integer","minimum":1,"maximum":1000},)"
    R"("tags":{"type":"array","items":{"type":"string","minLength":2},"maxItems":3,"uniqueItems":true},)"
    R"("a/b~c":{"type":"object","properties":{"x":{"type":"array","items":{"type":"number"}}}}}})";

TEST(JsonSchema, GivenValidPayloadWhenCheckedThenNoViolationAndThePrint) {
  auto schema = schema_of(sync_schema);
  for (
      std::string payload :
      {R"({"playlistId":"a1","userId":"u"})",
       R"({"userId":"\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4","playlistId":"a"})",
       R"({"playlistId":"a","userId":"","mode":"append","limit":1000,"tags":["ab","cd"],"a/b~c":{"x":[1,2.5],"y":null}})"}) {
    auto checked = schema.check(payload);
    EXPECT_FALSE(checked.violation) << payload << ": " << checked.violation->pointer << " "
                                    << checked.violation->detail;
    EXPECT_EQ(checked.print, fingerprint_of(payload));
  }
}

TEST(JsonSchema, GivenViolationsWhenCheckedThenPointerAndPlainWords) {
  auto schema = schema_of(sync_schema);
  struct row {
    const char* payload;
    const char* pointer;
    const char* detail;
  };
  for (auto& [payload, pointer, detail] : {
           row{"[]", "", "must be an object, not an array"},
           row{"5", "", "must be an object, not an integer"},
           row{"null", "", "must be an object, not null"},
           row{"{}", "/playlistId", "is required"},
           row{R"({"playlistId":"a"})", "/userId", "is required"},
           row{R"({"playlistId":"","userId":"u"})", "/playlistId",
               "does not match the pattern ^[A-Za-z0-9]{1,64}$"},
           row{R"({"playlistId":"a\u0000b","userId":"u"})", "/playlistId",
               "does not match the pattern ^[A-Za-z0-9]{1,64}$"},
           row{R"({"playlistId":"a","userId":"123456789"})", "/userId", "must have at most 8 characters"},
           row{R"({"playlistId":"a","userId":7})", "/userId", "must be a string, not an integer"},
           row{R"({"playlistId":"a","userId":"u","mode":"Mirror"})", "/mode",
               R"(must be one of "mirror", "append")"},
           row{R"({"playlistId":"a","userId":"u","limit":0})", "/limit", "must be at least 1"},
           row{R"({"playlistId":"a","userId":"u","limit":1001})", "/limit", "must be at most 1000"},
           row{R"({"playlistId":"a","userId":"u","limit":1.0})", "/limit",
               "must be an integer, not a number"},
           row{R"({"playlistId":"a","userId":"u","limit":99999999999999999999})", "/limit",
               "must be an integer, not a number"},
           row{R"({"playlistId":"a","userId":"u","x":1})", "/x", "is not a known property"},
           row{R"({"playlistId":"a","userId":"u","tags":["ab","c"]})", "/tags/1",
               "must have at least 2 characters"},
           row{R"({"playlistId":"a","userId":"u","tags":["ab","cd","ab"]})", "/tags/2",
               "is the same as element 0"},
           row{R"({"playlistId":"a","userId":"u","tags":["ab","cd","ef","gh"]})", "/tags",
               "must have at most 3 elements"},
           row{R"({"playlistId":"a","userId":"u","a/b~c":{"x":[1,true]}})", "/a~1b~0c/x/1",
               "must be a number, not a boolean"},
       }) {
    auto checked = schema.check(payload);
    ASSERT_TRUE(checked.violation) << payload;
    EXPECT_EQ(checked.violation->pointer, pointer) << payload;
    EXPECT_EQ(checked.violation->detail, detail) << payload;
    EXPECT_EQ(checked.print, fingerprint_of(payload));
  }
}

TEST(JsonSchema, GivenEachKeywordWhenCheckedThenGoodPassesAndBadFails) {
  struct row {
    const char* schema;
    std::vector<const char*> good, bad;
  };
  for (
      auto& [schema, good, bad] : {
          row{"true", {"1", "{}"}, {}},
          row{"false", {}, {"1", "{}"}},
          row{R"({"type":["string","null"]})", {"\"\"", "null"}, {"1", "[]", "true"}},
          row{R"({"type":"number"})", {"1", "-1", "1.5", "1e3", "18446744073709551616"}, {"\"1\"", "null"}},
          row{R"({"type":"integer"})", {"0", "-1", "18446744073709551615"}, {"1.5", "1.0", "1e3"}},
          row{R"({"type":"boolean"})", {"true", "false"}, {"0", "null"}},
          row{R"({"const":{"a":[1,2]}})",
              {R"({"a":[1,2]})", R"({"a":[1.0,2e0]})"},
              {R"({"a":[2,1]})", "null"}},
          row{R"({"const":null})", {"null"}, {"0", "false"}},
          row{R"({"enum":[1,"a",null,0.1]})",
              {"1", "1.0", "\"a\"", "null", "0.10"},
              {"2", "\"b\"", "false", "0.2"}},
          row{R"({"minimum":1.5})", {"1.5", "2", "\"x\""}, {"1", "1.4999", "-5"}},
          row{R"({"exclusiveMinimum":1})", {"1.0001", "2"}, {"1", "0"}},
          row{R"({"minimum":1,"exclusiveMinimum":true})", {"2"}, {"1"}},
          row{R"({"exclusiveMaximum":1})", {"0", "0.999"}, {"1", "2"}},
          row{R"({"maximum":9007199254740993})", {"9007199254740993"}, {"9007199254740994"}},
          row{R"({"maximum":18446744073709551614})", {"18446744073709551614"}, {"18446744073709551615"}},
          row{R"({"minimum":-9223372036854775807})", {"-9223372036854775807"}, {"-9223372036854775808"}},
          row{R"({"multipleOf":3})", {"0", "9", "-9", "3.0"}, {"1", "10", "9.5"}},
          row{R"({"multipleOf":0.1})", {"0.3", "1", "123.4"}, {"0.35", "0.05"}},
          row{R"({"minLength":2,"maxLength":3})",
              {"\"ab\"", "\"\\u00e4\\u00e4\\u00e4\"", "5"},
              {"\"a\"", "\"abcd\"", "\"\\ud83c\\udfb5\""}},
          row{R"({"minProperties":1,"maxProperties":2})",
              {R"({"a":1})", "[]"},
              {"{}", R"({"a":1,"b":1,"c":1})"}},
          row{R"({"minItems":1,"maxItems":2})", {"[1]", "{}"}, {"[]", "[1,2,3]"}},
          row{R"({"items":{"type":"integer"}})", {"[]", "[1,2]"}, {"[1,\"2\"]"}},
          row{R"({"items":false})", {"[]"}, {"[1]"}},
          row{R"({"uniqueItems":true})",
              {"[]", "[1,2,\"1\"]", R"([{"a":1},{"a":2}])"},
              {"[1,1.0]", R"([{"a":1,"b":2},{"b":2,"a":1}])", "[[],[]]"}},
          row{R"({"uniqueItems":false})", {"[1,1]"}, {}},
          row{R"({"additionalProperties":{"type":"integer"},"properties":{"s":{"type":"string"}}})",
              {R"({"s":"x","n":1})"},
              {R"({"s":1})", R"({"n":"x"})"}},
          row{R"({"patternProperties":{"^x-":{"type":"string"},"z$":{"minLength":2}},"additionalProperties":false})",
              {R"({"x-a":""})", R"({"x-z":"ab"})", R"({"z":5})"},
              {R"({"x-a":1})", R"({"x-z":"a"})", R"({"a":""})"}},
          row{R"({"properties":{"a":{"type":"string"}},"patternProperties":{"^a":{"minLength":2}}})",
              {R"({"a":"ab"})", R"({"ab":5})"},
              {R"({"a":5})", R"({"a":"a"})"}},
          row{R"({"required":["a","b"]})", {R"({"b":1,"a":null})", "[]"}, {"{}", R"({"a":1})"}},
          row{R"({"allOf":[{"minimum":1},{"maximum":3}]})", {"2"}, {"0", "4"}},
          row{R"({"anyOf":[{"type":"string"},{"minimum":5}]})", {"\"x\"", "6", "null"}, {"4"}},
          row{R"({"oneOf":[{"multipleOf":2},{"multipleOf":3}]})", {"2", "3"}, {"6", "5"}},
          row{R"({"not":{"type":"string"}})", {"1"}, {"\"x\""}},
          row{R"({"pattern":"^a+$"})", {"\"aa\"", "5"}, {"\"\"", "\"ab\""}},
          row{R"({"properties":{"n":false}})", {"{}"}, {R"({"n":1})"}},
      }) {
    auto compiled = schema_of(schema);
    for (auto* payload : good)
      EXPECT_FALSE(compiled.check(payload).violation) << schema << " refused " << payload;
    for (auto* payload : bad)
      EXPECT_TRUE(compiled.check(payload).violation) << schema << " let pass " << payload;
  }
}

TEST(JsonSchema, GivenTextThatIsNotJsonWhenCheckedThenViolationAtTheRoot) {
  auto schema = schema_of("{}");
  using namespace std::string_literals;
  for (auto& text : {""s, "{"s, "[1,]"s, "{}x"s, "{}\0"s, "\"\xFF\""s, "\"\\udc00\""s, "\"\\ud800x\""s,
                     "1e999"s, "nan"s}) {
    auto checked = schema.check(text);
    ASSERT_TRUE(checked.violation) << text;
    EXPECT_EQ(checked.violation->pointer, "");
    EXPECT_TRUE(checked.violation->detail.starts_with("is not acceptable JSON")) << checked.violation->detail;
  }
}

TEST(JsonSchema, GivenDepthWhenAtTheLimitThenPassesAndBeyondIsRefusedAtOnce) {
  auto schema = schema_of(R"({"items":{"items":{}}})");
  auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_FALSE(schema.check(nested(64)).violation);
  EXPECT_TRUE(schema.check(nested(65)).violation);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(schema.check(nested(100000)).violation);
  EXPECT_TRUE(schema.check(std::string(100000, '[')).violation);
  std::string objects;
  for (int i = 0; i < 100000; ++i)
    objects += "{\"a\":";
  EXPECT_TRUE(schema.check(objects).violation);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{2});
}

TEST(JsonSchema, GivenLargeArraysWhenUniqueThenNotQuadratic) {
  std::string payload = "[0";
  for (int i = 1; i < 100000; ++i)
    payload += "," + std::to_string(i);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(schema_of(R"({"uniqueItems":true})").check(payload + "]").violation);
  EXPECT_EQ(schema_of(R"({"uniqueItems":true})").check(payload + ",7]").violation->pointer, "/100000");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{2});
}

TEST(JsonSchema, GivenValidPayloadWhenCutOrMutatedThenAnswers) {
  auto schema = schema_of(sync_schema);
  const std::string payload =
      R"({"playlistId":"a","userId":"u\u00e4","mode":"append","limit":1000,"tags":["ab","cd"],"a/b~c":{"x":[1,-2.5e3]}})";
  ASSERT_FALSE(schema.check(payload).violation);
  for (std::size_t i = 0; i < payload.size(); ++i)
    EXPECT_TRUE(schema.check(payload.substr(0, i)).violation) << i;
  constexpr unsigned seed = 99;
  SCOPED_TRACE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 30000; ++round) {
    auto text = payload;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      auto at = random() % text.size();
      if (random() % 2)
        text[at] = random() % 2 ? static_cast<char>(random()) : "{}[]\",:\\0e-"[random() % 11];
      else
        text.erase(at, 1 + random() % 4);
    }
    auto checked = schema.check(text);
    auto print = fingerprint_of(text);
    if (print)
      ASSERT_EQ(checked.print, *print) << text;
    else
      ASSERT_TRUE(checked.violation) << text;
  }
}

TEST(JsonSchema, GivenManyThreadsWhenCheckingWithOneSchemaThenAllAgree) {
  const auto schema = schema_of(R"({"properties":{"a":{"pattern":"^(ab|c)+[0-9]{1,20}$"}}})");
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        wrong += schema.check(R"({"a":"abcab12345"})").violation.has_value();
        wrong += !schema.check(R"({"a":"abcab12345x"})").violation.has_value();
      }
    });
  for (auto& one : threads)
    one.join();
  EXPECT_EQ(wrong, 0);
}

} // namespace

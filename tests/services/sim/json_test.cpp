#include "services/sim/base/http_message.hpp"
#include "services/sim/base/json.hpp"

#include <gtest/gtest.h>

namespace {

using tutti::services::sim::http_request;
using tutti::services::sim::json;

TEST(Json, GivenTextWhenParsedAndPrintedThenTheSame) {
  const std::string text = R"({"a":[1,-2,18446744073709551615,1.5,true,null,"ü\"\n"],"b":{"c":{}},"d":[]})";
  auto parsed = json::parse(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->dump(), text);
}

TEST(Json, GivenMalformedTextWhenParsedThenNothing) {
  for (std::string text : {"", "{", "[1,]", "{} x", "\"\xff\"", "nul", "{\"a\"}"})
    EXPECT_FALSE(json::parse(text)) << text;
  EXPECT_TRUE(json::parse(std::string(64, '[') + std::string(64, ']')));
  EXPECT_FALSE(json::parse(std::string(65, '[') + std::string(65, ']')));
  EXPECT_FALSE(json::parse(std::string(1'000'000, '[')));
}

TEST(Json, GivenOtherKindWhenReadThenEmptyValues) {
  auto v = *json::parse(R"({"text":"x","number":5})");
  EXPECT_EQ(v["number"].text(), "");
  EXPECT_EQ(v["text"].integer(7), 7);
  EXPECT_TRUE(v["nothing"]["deeper"].is_null());
  EXPECT_TRUE(v["text"].items().empty());
}

TEST(Json, GivenObjectWhenChangedThenMembersAreReplacedInPlace) {
  json v;
  v.set("a", 1);
  v.at("b").set("c", true);
  v.set("a", "x");
  v.push(1); // another kind: starts anew
  EXPECT_EQ(v.dump(), "[1]");
  v = json::object{{"a", 1}, {"b", 2}};
  v.erase("a");
  EXPECT_EQ(v.dump(), R"({"b":2})");
}

TEST(HttpRequest, GivenEscapesWhenReadThenDecodedOnce) {
  http_request request;
  request.path = "/webhooks/1/a%2Fb/messages/%40original";
  request.query = "a=1&with_response=true&x=%25&flag";
  EXPECT_EQ(request.segments(), (std::vector<std::string>{"webhooks", "1", "a/b", "messages", "@original"}));
  EXPECT_EQ(request.parameter("with_response"), "true");
  EXPECT_EQ(request.parameter("x"), "%");
  EXPECT_EQ(request.parameter("flag"), "");
  EXPECT_EQ(request.parameter("none"), "");
  request.headers = {{"X-Y", "z"}};
  EXPECT_EQ(request.header("x-y"), "z");
}

} // namespace

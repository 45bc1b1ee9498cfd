#include "protocols/http_api/bodies/object_body.hpp"

#include <string>

#include <gtest/gtest.h>

namespace tutti::protocols::http_api {
namespace {

TEST(ObjectBody, GivenObjectWhenCheckedThenFine) {
  EXPECT_FALSE(check_object("{}"));
  EXPECT_FALSE(check_object(R"( {"a": 1, "b": {"a": 2}, "A": [{"a": 3}]} )"));
}

TEST(ObjectBody, GivenNamesThatComeTwiceWhenCheckedThenEachIsNamedOnce) {
  auto bad = check_object(R"({"b": 1, "a/c": 2, "\u0062": 3, "a/c": 4, "b": 5, "d": 6})");
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->status, 422);
  ASSERT_EQ(bad->errors.size(), 2u);
  EXPECT_EQ(bad->errors[0].pointer, "/a~1c");
  EXPECT_EQ(bad->errors[1].pointer, "/b");
}

TEST(ObjectBody, GivenVeryManyNamesThatComeTwiceWhenCheckedThenAHundredAreNamed) {
  std::string body = "{";
  for (int copy = 0; copy < 2; ++copy)
    for (int i = 0; i < 1000; ++i)
      body += (body.size() > 1 ? ",\"n" : "\"n") + std::to_string(i) + "\":0";
  auto bad = check_object(body + "}");
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->errors.size(), 100u);
}

TEST(ObjectBody, GivenOtherJsonOrNoneWhenCheckedThenRefused) {
  EXPECT_EQ(check_object("[]")->status, 422);
  EXPECT_EQ(check_object("null")->errors.at(0).pointer, "");
  EXPECT_EQ(check_object("")->status, 400);
  EXPECT_EQ(check_object("{\"a\":1")->status, 400);
  auto nested = [](std::size_t levels) {
    return "{\"a\":" + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  EXPECT_FALSE(check_object(nested(63)));
  EXPECT_EQ(check_object(nested(64))->status, 400);
}

} // namespace
} // namespace tutti::protocols::http_api

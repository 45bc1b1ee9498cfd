#include "protocols/http_api/bodies/empty_body.hpp"

#include <gtest/gtest.h>

namespace tutti::protocols::http_api {
namespace {

TEST(EmptyBody, GivenNothingOrAnEmptyObjectWhenParsedThenFine) {
  EXPECT_FALSE(parse_empty_body(""));
  EXPECT_FALSE(parse_empty_body("{}"));
  EXPECT_FALSE(parse_empty_body(" { } \n"));
}

TEST(EmptyBody, GivenMembersWhenParsedThenEachIsNamed) {
  auto bad = parse_empty_body(R"({"a": 1, "b/c": []})");
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->status, 422);
  ASSERT_EQ(bad->errors.size(), 2u);
  EXPECT_EQ(bad->errors[0].pointer, "/a");
  EXPECT_EQ(bad->errors[1].pointer, "/b~1c");
}

TEST(EmptyBody, GivenOtherJsonOrNoneWhenParsedThenRefused) {
  EXPECT_EQ(parse_empty_body("[]")->status, 422);
  EXPECT_EQ(parse_empty_body("7")->status, 422);
  EXPECT_EQ(parse_empty_body("{")->status, 400);
  EXPECT_EQ(parse_empty_body("pause, please")->status, 400);
}

} // namespace
} // namespace tutti::protocols::http_api

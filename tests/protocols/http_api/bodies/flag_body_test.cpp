#include "protocols/http_api/bodies/flag_body.hpp"

#include <gtest/gtest.h>

using namespace tutti::protocols::http_api;

namespace {

TEST(FlagBody, GivenFieldsWhenParsedThenTheyAreThere) {
  EXPECT_EQ(std::get<flag_body>(parse_flag(R"({"enabled":true})")), (flag_body{.enabled = true}));
  EXPECT_EQ(std::get<flag_body>(
                parse_flag(R"({"version":0,"description":"für alle","percentage":100,"enabled":false})")),
            (flag_body{false, 100, "für alle", 0}));
}

TEST(FlagBody, GivenMistakesWhenParsedThen422WithPointers) {
  struct row {
    const char* body;
    const char* pointer;
  };
  for (auto& [body, pointer] : {
           row{"{}", "/enabled"},
           row{R"({"enabled":"on"})", "/enabled"},
           row{R"({"enabled":null})", "/enabled"},
           row{R"({"enabled":true,"percentage":101})", "/percentage"},
           row{R"({"enabled":true,"percentage":-1})", "/percentage"},
           row{R"({"enabled":true,"percentage":1.5})", "/percentage"},
           row{R"({"enabled":true,"percentage":null})", "/percentage"},
           row{R"({"enabled":true,"description":7})", "/description"},
           row{R"({"enabled":true,"description":"a\nb"})", "/description"},
           row{R"({"enabled":true,"version":-1})", "/version"},
           row{R"({"enabled":true,"name":"x"})", "/name"},
           row{R"({"enabled":true,"enabled":true})", "/enabled"},
       }) {
    auto got = parse_flag(body);
    auto* wrong = std::get_if<problem>(&got);
    ASSERT_NE(wrong, nullptr) << body;
    EXPECT_EQ(wrong->status, 422) << body;
    ASSERT_EQ(wrong->errors.size(), 1u) << body;
    EXPECT_EQ(wrong->errors[0].pointer, pointer) << body;
  }
}

TEST(FlagBody, GivenLongDescriptionWhenParsedThenUpTo1000Characters) {
  auto body = [](std::size_t characters) {
    std::string text;
    for (std::size_t i = 0; i < characters; ++i)
      text += "🎵";
    return R"({"enabled":true,"description":")" + text + "\"}";
  };
  EXPECT_EQ(std::get<flag_body>(parse_flag(body(1000))).description.size(), 4000u);
  EXPECT_TRUE(std::holds_alternative<problem>(parse_flag(body(1001))));
}

} // namespace

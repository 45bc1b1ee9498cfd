#include "protocols/http_api/problem.hpp"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

using namespace tutti::protocols::http_api;

namespace {

TEST(Problem, GivenStatusOnlyWhenRenderedThenTitleFromStatus) {
  EXPECT_EQ(render({.status = 404}), R"({"type":"about:blank","title":"Not Found","status":404})");
  EXPECT_EQ(render({.status = 422}),
            R"({"type":"about:blank","title":"Unprocessable Content","status":422})");
  EXPECT_EQ(render({.status = 799}), R"({"type":"about:blank","status":799})");
}

TEST(Problem, GivenAllFieldsWhenRenderedThenAllThere) {
  problem what{.status = 422,
               .type = "https://example.org/p",
               .title = "T",
               .detail = "D",
               .instance = "/jobs",
               .errors = {{"/a~1b", "bad"}, {"", "worse"}}};
  EXPECT_EQ(render(what),
            R"({"type":"https://example.org/p","title":"T","status":422,"detail":"D","instance":"/jobs",)"
            R"("errors":[{"pointer":"/a~1b","detail":"bad"},{"pointer":"","detail":"worse"}]})");
}

TEST(Problem, GivenAnyBytesWhenRenderedThenValidJson) {
  problem what{.status = 400,
               .title = "\xFF",
               .detail = "q\"\\\x01\xC3",
               .instance = "\xED\xA0\x80",
               .errors = {{"/\xFE", "\x80"}}};
  auto text = render(what);
  rapidjson::Document parsed;
  parsed.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  ASSERT_FALSE(parsed.HasParseError()) << text;
  EXPECT_STREQ(parsed["detail"].GetString(), "q\"\\\x01\xEF\xBF\xBD");
}

TEST(Problem, GivenKnownStatusesWhenNamedThenEachHasAPhrase) {
  for (int status : {200, 202, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 431, 500, 503, 504})
    EXPECT_FALSE(reason_phrase(status).empty()) << status;
}

TEST(Problem, GivenNameWhenMadeATokenThenEscaped) {
  EXPECT_EQ(pointer_token("a/b~c"), "/a~1b~0c");
  EXPECT_EQ(pointer_token(""), "/");
}

} // namespace

#include "protocols/http_api/target.hpp"

#include <random>

#include <gtest/gtest.h>

using namespace tutti::protocols::http_api;

namespace {

target good(std::string_view text) {
  auto parsed = parse_target(text);
  if (auto* mistake = std::get_if<problem>(&parsed)) {
    ADD_FAILURE() << text << ": " << mistake->detail;
    return {};
  }
  return std::move(std::get<target>(parsed));
}

using words = std::vector<std::string>;

TEST(Target, GivenPathsWhenParsedThenDecodedSegments) {
  EXPECT_EQ(good("/").segments, words{});
  EXPECT_EQ(good("/jobs").segments, (words{"jobs"}));
  EXPECT_EQ(good("/jobs/").segments, (words{"jobs", ""}));
  EXPECT_EQ(good("//x").segments, (words{"", "x"}));
  EXPECT_EQ(good("/actors/guild-player/1:2/commands/a%2Fb%20c+d?x").segments,
            (words{"actors", "guild-player", "1:2", "commands", "a/b c+d"}));
  EXPECT_EQ(good("/%C3%a4").segments, (words{"\xC3\xA4"}));
  EXPECT_EQ(good("/a/b?c=/d").path, "/a/b");
}

TEST(Target, GivenQueryWhenParsedThenDecodedPairs) {
  auto parsed = good("/jobs?status=a%26b&&empty=&flag&text=one+two%2Bthree&=v&eq=a=b");
  EXPECT_EQ(parsed.find("status"), "a&b");
  EXPECT_EQ(parsed.find("empty"), "");
  EXPECT_EQ(parsed.find("flag"), "");
  EXPECT_EQ(parsed.find("text"), "one two+three");
  EXPECT_EQ(parsed.find(""), "v");
  EXPECT_EQ(parsed.find("eq"), "a=b");
  EXPECT_EQ(parsed.find("none"), std::nullopt);
  EXPECT_TRUE(good("/?").query.empty());
}

TEST(Target, GivenBadTargetsWhenParsedThen400) {
  std::string many = "/?";
  for (int i = 0; i < 65; ++i)
    many += "p" + std::to_string(i) + "=1&";
  for (std::string text : {std::string{},
                           std::string{"*"},
                           std::string{"jobs"},
                           std::string{"http://x/y"},
                           std::string{"/%"},
                           std::string{"/%4"},
                           std::string{"/%4g"},
                           std::string{"/%g4"},
                           std::string{"/%00"},
                           std::string{"/%ff"},
                           std::string{"/%C3"},
                           std::string{"/%ED%A0%80"},
                           std::string{"/a b"},
                           std::string{"/a#b"},
                           std::string{"/\x7F"},
                           std::string{"/\xC3\xA4"},
                           std::string{"/a\nb"},
                           std::string{"/?a=%"},
                           std::string{"/?a=%zz"},
                           std::string{"/?%80=1"},
                           std::string{"/?a=%00"},
                           std::string{"/?a=1&a=2"},
                           std::string{"/?a=1&%61=2"},
                           std::string{"/?a&a"},
                           many}) {
    auto parsed = parse_target(text);
    auto* mistake = std::get_if<problem>(&parsed);
    ASSERT_TRUE(mistake) << text;
    EXPECT_EQ(mistake->status, 400) << text;
    EXPECT_FALSE(mistake->detail.empty());
  }
}

TEST(Target, GivenLimitsWhenReadThenRangeIsHeld) {
  EXPECT_EQ(std::get<std::size_t>(good("/").limit()), 50u);
  EXPECT_EQ(std::get<std::size_t>(good("/?limit=1").limit()), 1u);
  EXPECT_EQ(std::get<std::size_t>(good("/?limit=500").limit()), 500u);
  for (const char* text : {"/?limit=0", "/?limit=501", "/?limit=-1", "/?limit=", "/?limit=x", "/?limit=5x",
                           "/?limit=+5", "/?limit=1.0", "/?limit=99999999999999999999"}) {
    auto value = good(text).limit();
    auto* mistake = std::get_if<problem>(&value);
    ASSERT_TRUE(mistake) << text;
    EXPECT_EQ(mistake->status, 422);
    EXPECT_NE(mistake->detail.find("\"limit\""), std::string::npos);
  }
}

TEST(Target, GivenFlagsAndNamesWhenReadThenChecked) {
  EXPECT_TRUE(std::get<bool>(good("/?plan=true").flag("plan", false)));
  EXPECT_FALSE(std::get<bool>(good("/?plan=false").flag("plan", true)));
  EXPECT_TRUE(std::get<bool>(good("/").flag("plan", true)));
  EXPECT_TRUE(std::holds_alternative<problem>(good("/?plan=1").flag("plan", true)));
  EXPECT_FALSE(good("/?limit=1").unknown_parameter({"limit", "cursor"}));
  auto unknown = good("/?limit=1&stauts=x").unknown_parameter({"limit", "status"});
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->status, 422);
  EXPECT_NE(unknown->detail.find("stauts"), std::string::npos);
}

TEST(Target, GivenRandomBytesWhenParsedThenNoCrash) {
  constexpr unsigned seed = 77;
  SCOPED_TRACE(seed);
  std::mt19937 random{seed};
  const std::string_view alphabet = "/?&=%+aZ04fF.;:\x80\xC3 #";
  for (int round = 0; round < 20000; ++round) {
    std::string text = "/";
    for (auto n = random() % 24; n > 0; --n)
      text += alphabet[random() % alphabet.size()];
    auto parsed = parse_target(text);
    if (auto* mistake = std::get_if<problem>(&parsed)) {
      ASSERT_EQ(mistake->status, 400);
      ASSERT_FALSE(render(*mistake).empty());
    }
  }
}

} // namespace

#include "protocols/discord/text.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

const std::string note = "\xF0\x9F\x8E\xB5"; // one code point, two UTF-16 units, four bytes
const std::string dots = "\xE2\x80\xA6";

std::string repeated(const std::string& what, int times) {
  std::string out;
  for (int i = 0; i < times; ++i)
    out += what;
  return out;
}

TEST(Text, GivenTextWhenCountedThenCodePoints) {
  EXPECT_EQ(characters(""), 0u);
  EXPECT_EQ(characters("abc"), 3u);
  EXPECT_EQ(characters("\xC3\xA4" + note), 2u);
  EXPECT_EQ(characters("\x80\x80\xFFz"), 4u) << "each broken byte is sent as a character";
}

TEST(Text, GivenLongTextWhenTruncatedThenAtACharacterWithDots) {
  EXPECT_EQ(truncate("abcdef", 6), "abcdef");
  EXPECT_EQ(truncate("abcdef", 5), "abcd" + dots);
  EXPECT_EQ(truncate(repeated(note, 5), 5), repeated(note, 5));
  EXPECT_EQ(truncate(repeated(note, 5), 3), repeated(note, 2) + dots);
  EXPECT_EQ(truncate("abc", 1), dots);
  EXPECT_EQ(truncate("abc", 0), "");
  for (std::size_t most = 0; most < 8; ++most)
    EXPECT_LE(characters(truncate("\xFF\xC3" + note + "ab\x80\xC3\xA4z", most)), most);
}

TEST(Text, GivenControlCharactersWhenMadePlainThenOneLineOfText) {
  EXPECT_EQ(plain_line("  a\nb\tc\r\n", 100), "a b c");
  EXPECT_EQ(plain_line(std::string{"x\0y\x1Bz\x7F", 6} + "\xC2\x85", 100), "x y z");
  EXPECT_EQ(plain_line("a\xE2\x80\xAE"
                       "b\xE2\x81\xA6\xE2\x80\x8F",
                       100),
            "ab")
      << "direction marks";
  EXPECT_EQ(plain_line("a\xE2\x80\xA8"
                       "b",
                       100),
            "a b")
      << "line separator";
  EXPECT_EQ(plain_line("a\xFF"
                       "b",
                       100),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(plain_line("\n\n", 100), "");
  EXPECT_EQ(plain_line("abcdef", 4), "abc" + dots);
  const std::string family = "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7"; // joined by U+200D, which stays
  EXPECT_EQ(plain_line(family, 100), family);
}

TEST(Text, GivenWhatDiscordTrimsWhenAskedThenBlank) {
  EXPECT_TRUE(blank(""));
  EXPECT_TRUE(blank(" \n\t\xC2\xA0\xE3\x80\x80\xE2\x80\x8B\xEF\xBB\xBF"));
  EXPECT_FALSE(blank(" . "));
  EXPECT_FALSE(blank("\xFF"));
}

struct escape_case {
  std::string_view what, text, escaped;
};

TEST(Text, GivenMarkdownWhenEscapedThenItIsShownLetterByLetter) {
  const escape_case cases[] = {
      {"emphasis", "*a* _b_ **c** __d__ ~~e~~", R"(\*a\* \_b\_ \*\*c\*\* \_\_d\_\_ \~\~e\~\~)"},
      {"code", "`a` ```b```", R"(\`a\` \`\`\`b\`\`\`)"},
      {"spoiler", "||a||", R"(\|\|a\|\|)"},
      {"backslash", R"(\*)", R"(\\\*)"},
      {"header", "# a\n## b\n-# c\nd # e", "\\# a\n\\## b\n\\-# c\nd # e"},
      {"quote", "> a\n>>> b", "\\> a\n\\>\\>\\> b"},
      {"list", "- a\n  - b\n+ c\n1. d\n 23. e\n4 f\nv1.2",
       "\\- a\n  \\- b\n\\+ c\n1\\. d\n 23\\. e\n4 f\nv1.2"},
      {"masked link", "[a](https://b.example)", R"(\[a\](https\://b.example))"},
      {"link", "http://a.example", R"(http\://a.example)"},
      {"user, role, channel", "<@1> <@&2> <#3>", R"(\<@1\> \<@&2\> \<#3\>)"},
      {"time, emoji, command", "<t:1:R> <a:x:1> </play:1>", R"(\<t:1:R\> \<a:x:1\> \</play:1\>)"},
      {"plain", "AC/DC - T.N.T. (Live) 100% @home", "AC/DC - T.N.T. (Live) 100% @home"},
      {"other scripts", "\xE6\x9B\xB2 \xF0\x9F\x8E\xB5", "\xE6\x9B\xB2 \xF0\x9F\x8E\xB5"},
  };
  for (auto& one : cases)
    EXPECT_EQ(escape_markdown(one.text), one.escaped) << one.what;
  EXPECT_EQ(escape_markdown("@everyone @here"), "@\xE2\x80\x8B"
                                                "everyone @\xE2\x80\x8B"
                                                "here");
}

TEST(Text, GivenTitleAndUrlWhenLinkedThenNeitherCanBreakOut) {
  EXPECT_EQ(masked_link("a]b", "https://x.example/(1)?q=<2>"),
            R"([a\]b](https://x.example/%281%29?q=%3C2%3E))");
  EXPECT_EQ(masked_link("a*", "javascript:alert(1)"), R"(a\*)");
  EXPECT_EQ(masked_link("a", "https://x.example/ b"), "a");
}

TEST(Text, GivenUrlsWhenAskedThenOnlyWebOnes) {
  EXPECT_TRUE(is_web_url("https://a.example/x?y=z"));
  EXPECT_TRUE(is_web_url("http://a"));
  for (std::string_view url : {"", "https://", "https:///x", "ftp://a", "//a", "a.example", "https://a\nb",
                               "https://a b", "https://\xC3\xA4.example", "HTTPS"})
    EXPECT_FALSE(is_web_url(url)) << url;
}

} // namespace
} // namespace tutti::tests::discord

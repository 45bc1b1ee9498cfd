#include "protocols/http_api/utf8.hpp"

#include <string>

#include <gtest/gtest.h>

using namespace tutti::protocols::http_api;

namespace {

TEST(Utf8, GivenValidTextWhenCheckedThenPasses) {
  for (std::string_view text :
       {"", "plain ascii that is longer than a word", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
        "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF",
        "12345678\xC3\xA4"
        "12345678"})
    EXPECT_TRUE(valid_utf8(text)) << text;
}

TEST(Utf8, GivenBrokenTextWhenCheckedThenFails) {
  for (std::string_view text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x80\x80", "\xE0\x9F\xBF",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xE2\x82", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xFE", "12345678\xC3", "1234567\xFF"}) {
    EXPECT_FALSE(valid_utf8(text)) << text;
    EXPECT_FALSE(valid_utf8("eight chars before " + std::string{text} + " and eight after")) << text;
  }
}

TEST(Utf8, GivenTextWhenCountedThenCodePoints) {
  EXPECT_EQ(count_utf8(""), 0u);
  EXPECT_EQ(count_utf8("abc"), 3u);
  EXPECT_EQ(count_utf8("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\xB5"), 3u);
}

} // namespace

#include "tests/runtime/wire/samples.hpp"

#include <random>

#include <gtest/gtest.h>

namespace tutti::tests::codec {
namespace {

using runtime::wire::decode;
using runtime::wire::encode;

TEST(WireMalformed, GivenEveryTruncationWhenReadThenItIsRefused) {
  auto whole = encode(full());
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_FALSE(decode<everything>(whole.substr(0, n))) << n << " of " << whole.size();
}

/// Cut between two members it is a message of an older build; within one it is broken.
TEST(WireMalformed, GivenShorterContentOfTrueLengthWhenReadThenOnlyWholeMembersAreTaken) {
  auto whole = encode(full());
  auto content = whole.substr(2); // its length takes two bytes
  ASSERT_GE(content.size(), 128u);
  std::size_t taken = 0;
  for (std::size_t n = 0; n <= content.size(); ++n) {
    auto bytes = encode(content.substr(0, n));
    std::vector<char> exact{bytes.begin(), bytes.end()}; // ASan sees a read beyond it
    taken += decode<everything>({exact.data(), exact.size()}).has_value();
  }
  EXPECT_EQ(taken, 14u) << "before, between and after 13 members";
}

TEST(WireMalformed, GivenBytesBehindTheValueWhenReadThenItIsRefused) {
  EXPECT_FALSE(decode<point>(encode(point{1, 2}) + '\0'));
  EXPECT_FALSE(decode<std::uint32_t>(encode(std::uint32_t{1}) + "x"));
}

TEST(WireMalformed, GivenNumberWithoutEndOrTooLongWhenReadThenItIsRefused) {
  EXPECT_FALSE(decode<std::uint64_t>(std::string(9, '\x80')));
  EXPECT_FALSE(decode<std::uint64_t>(std::string(9, '\xff') + '\x02'));  // 65 bits
  EXPECT_FALSE(decode<std::uint64_t>(std::string(10, '\x80') + '\x00')); // 11 bytes
  EXPECT_TRUE(decode<std::uint64_t>(std::string(9, '\xff') + '\x01'));
}

TEST(WireMalformed, GivenSizeThatLiesWhenReadThenNothingOfThatSizeIsMade) {
  for (std::uint64_t lie : {std::uint64_t{2}, std::uint64_t{1} << 20, std::uint64_t{1} << 40, UINT64_MAX}) {
    auto size = encode(lie);
    EXPECT_FALSE(decode<std::string>(size + "x"));
    EXPECT_FALSE(decode<std::vector<std::string>>(size + '\0'));
    EXPECT_FALSE((decode<std::map<std::string, point>>(size + '\0')));
    EXPECT_FALSE(decode<point>(size + '\0'));
  }
}

TEST(WireMalformed, GivenItemShorterThanItSaysWhenReadThenItsNeighbourIsNotTouched) {
  // A vector of two points, the first of which claims the second's bytes too.
  std::string lie{"\x02\x05\x02\x02\x02\x02\x02", 7};
  EXPECT_FALSE(decode<std::vector<point>>(lie));
}

TEST(WireMalformed, GivenRandomBytesWhenReadThenTheyAreRefusedOrReadWithoutHarm) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  auto whole = encode(full());
  std::size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = whole;
    if (i % 2 == 0) {
      for (auto n = 1 + random() % 4; n > 0; --n)
        bytes[random() % bytes.size()] = static_cast<char>(random());
    } else {
      bytes.assign(random() % 200, '\0');
      for (auto& c : bytes)
        c = static_cast<char>(random());
    }
    auto read = decode<everything>(bytes);
    refused += !read;
    if (read) { // what has been read can be written, and read as the same
      auto again = decode<everything>(encode(*read));
      ASSERT_TRUE(again);
      ASSERT_EQ(*again, *read);
    }
  }
  EXPECT_GT(refused, 5'000u);
}

} // namespace
} // namespace tutti::tests::codec

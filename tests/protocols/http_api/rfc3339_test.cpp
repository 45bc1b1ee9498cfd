#include "protocols/http_api/rfc3339.hpp"

#include <random>

#include <gtest/gtest.h>

using namespace tutti::protocols::http_api;

namespace {

TEST(Rfc3339, GivenValidTimesWhenParsedThenUnixMilliseconds) {
  struct row {
    const char* text;
    std::int64_t ms;
  };
  for (auto& [text, ms] : {
           row{"1970-01-01T00:00:00Z", 0},
           row{"1970-01-01T00:00:00.001Z", 1},
           row{"1969-12-31T23:59:59.999Z", -1},
           row{"2026-11-22T17:30:00.123Z", 1795368600123},
           row{"2026-11-22t17:30:00.123456789z", 1795368600123},
           row{"2026-11-22T18:30:00.1+01:00", 1795368600100},
           row{"2026-11-22T12:00:00-05:30", 1795368600000},
           row{"2026-11-22T17:30:00-00:00", 1795368600000},
           row{"2024-02-29T00:00:00Z", 1709164800000},
           row{"2000-02-29T23:59:59Z", 951868799000},
           row{"1990-12-31T23:59:60Z", 662687999999},
           row{"1990-12-31T15:59:60-08:00", 662687999999},
           row{"2016-12-31T23:59:60.5Z", 1483228799999},
           row{"0000-01-01T00:00:00Z", -62167219200000},
           row{"9999-12-31T23:59:59.999Z", 253402300799999},
       }) {
    auto parsed = parse_rfc3339(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, ms) << text;
  }
}

TEST(Rfc3339, GivenBadTimesWhenParsedThenNothing) {
  for (const char* text : {"",
                           "x",
                           "2026-11-22",
                           "2026-11-22T17:30:00",
                           "2026-11-22T17:30Z",
                           "2026-11-22 17:30:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "1900-02-29T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-32T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:61Z",
                           "2026-01-01T12:00:60Z",
                           "2026-01-15T23:59:60Z",
                           "1990-12-31T23:59:60+01:00",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00,5Z",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00+01:60",
                           "2026-01-01T00:00:00+0100",
                           "2026-01-01T00:00:00+01",
                           "2026-01-01T00:00:00ZZ",
                           " 2026-01-01T00:00:00Z",
                           "2026-01-01T00:00:00Z ",
                           "+2026-01-01T00:00:00Z",
                           "02026-01-01T00:00:00Z",
                           "2026-1-01T00:00:00Z",
                           "2026-01-01T0:00:00Z",
                           "-001-01-01T00:00:00Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Rfc3339, GivenValidTimeWhenCutAnywhereThenNothing) {
  const std::string text = "2026-11-22T17:30:00.123+01:00";
  ASSERT_TRUE(parse_rfc3339(text));
  for (std::size_t i = 0; i < text.size(); ++i)
    EXPECT_FALSE(parse_rfc3339(text.substr(0, i))) << i;
}

TEST(Rfc3339, GivenUnixTimesWhenFormattedThenUtc) {
  EXPECT_EQ(format_rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(1795368600123), "2026-11-22T17:30:00.123Z");
  EXPECT_EQ(format_rfc3339(INT64_MIN), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(INT64_MAX), "9999-12-31T23:59:59.999Z");
}

TEST(Rfc3339, GivenRandomTimesWhenFormattedAndParsedThenTheSame) {
  constexpr unsigned seed = 3339;
  SCOPED_TRACE(seed);
  std::mt19937_64 random{seed};
  std::uniform_int_distribution<std::int64_t> any{-62167219200000, 253402300799999};
  for (int i = 0; i < 20000; ++i) {
    auto ms = any(random);
    ASSERT_EQ(parse_rfc3339(format_rfc3339(ms)), ms);
  }
}

} // namespace

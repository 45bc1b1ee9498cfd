#include "runtime/jobs/schedule/cron_fields.hpp"

#include <random>

#include <gtest/gtest.h>

using namespace tutti::runtime::jobs;

namespace {

cron_fields fields_of(std::string_view text) {
  auto parsed = parse_cron_fields(text);
  if (auto* why = std::get_if<std::string>(&parsed)) {
    ADD_FAILURE() << text << ": " << *why;
    return {};
  }
  return std::get<cron_fields>(parsed);
}

std::uint64_t bits(std::initializer_list<int> values) {
  std::uint64_t out = 0;
  for (int v : values)
    out |= std::uint64_t{1} << v;
  return out;
}

TEST(CronFields, GivenListsRangesAndStepsWhenParsedThenBits) {
  EXPECT_EQ(fields_of("1,3,5 * * * *").minutes, bits({1, 3, 5}));
  EXPECT_EQ(fields_of("*/15 * * * *").minutes, bits({0, 15, 30, 45}));
  EXPECT_EQ(fields_of("10-40/10 * * * *").minutes, bits({10, 20, 30, 40}));
  EXPECT_EQ(fields_of("5/20 * * * *").minutes, bits({5, 25, 45}));
  EXPECT_EQ(fields_of("0 1-3,22,*/12 * * *").hours, bits({0, 1, 2, 3, 12, 22}));
  EXPECT_EQ(fields_of("0 0 * JAN,mar-May *").months, bits({1, 3, 4, 5}));
  EXPECT_EQ(fields_of("0 0 * * SUN").weekdays, bits({0}));
  EXPECT_EQ(fields_of("0 0 * * 7").weekdays, bits({0}));
  EXPECT_EQ(fields_of("0 0 * * 5-7").weekdays, bits({0, 5, 6}));
  EXPECT_EQ(fields_of("0 0 * * fri-sun").weekdays, bits({0, 5, 6}));
  EXPECT_EQ(fields_of("0 0 * * SUN-SUN").weekdays, bits({0}));
  EXPECT_EQ(fields_of("0 0 * * sun-tue").weekdays, bits({0, 1, 2}));
  EXPECT_EQ(fields_of("0 0 * * *").weekdays, bits({0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(fields_of("30 0 0 1 1 ?").seconds, bits({30}));
  EXPECT_EQ(fields_of("0 0 ? * 1").days, fields_of("0 0 * * 1").days);
  EXPECT_EQ(fields_of("\t0  0 *\t* * ").hours, bits({0}));
}

TEST(CronFields, GivenMacrosWhenParsedThenTheirFields) {
  EXPECT_EQ(fields_of("@yearly"), fields_of("0 0 1 1 *"));
  EXPECT_EQ(fields_of("@annually"), fields_of("0 0 1 1 *"));
  EXPECT_EQ(fields_of("@monthly"), fields_of("0 0 1 * *"));
  EXPECT_EQ(fields_of("@weekly"), fields_of("0 0 * * 0"));
  EXPECT_EQ(fields_of("@daily"), fields_of("0 0 * * *"));
  EXPECT_EQ(fields_of("@midnight"), fields_of("0 0 * * *"));
  EXPECT_EQ(fields_of("@Hourly"), fields_of("0 * * * *"));
}

TEST(CronFields, GivenMistakesWhenParsedThenOneMessageThatNamesTheField) {
  for (auto& [text, words] : {
           std::pair{"", "5 fields"},
           std::pair{"* * * *", "this has 4"},
           std::pair{"* * * * * * *", "this has 7"},
           std::pair{"@reboot", "@reboot"},
           std::pair{"60 * * * *", "\"minute\" (60)"},
           std::pair{"60 * * * * *", "\"second\" (60)"},
           std::pair{"* 24 * * *", "\"hour\" (24)"},
           std::pair{"* * 0 * *", "\"day of month\" (0)"},
           std::pair{"* * 32 * *", "\"day of month\""},
           std::pair{"* * * 13 *", "\"month\" (13)"},
           std::pair{"* * * 0 *", "\"month\" (0)"},
           std::pair{"* * * * 8", "\"day of week\" (8)"},
           std::pair{"* * * FOO *", "English names"},
           std::pair{"* * * * JAN", "\"day of week\""},
           std::pair{"MON * * * *", "\"minute\""},
           std::pair{"? * * * *", "takes no \"?\""},
           std::pair{"* * ?,1 * *", "\"day of month\""},
           std::pair{"1,,2 * * * *", "empty place"},
           std::pair{", * * * *", "empty place"},
           std::pair{"5-1 * * * *", "backwards"},
           std::pair{"1-2-3 * * * *", "\"minute\""},
           std::pair{"*/0 * * * *", "step"},
           std::pair{"*/60 * * * *", "step"},
           std::pair{"*/x * * * *", "step"},
           std::pair{"*/ * * * *", "step"},
           std::pair{"1/2/3 * * * *", "step"},
           std::pair{"-5 * * * *", "\"minute\""},
           std::pair{"5- * * * *", "\"minute\""},
           std::pair{"+5 * * * *", "\"minute\""},
           std::pair{"99999999999 * * * *", "\"minute\""},
           std::pair{"* * L * *", "\"day of month\" (L)"},
           std::pair{"* * * * 5#2", "\"day of week\""},
           std::pair{"** * * * *", "\"minute\""},
           std::pair{"0 0 30 2 *", "never comes"},
           std::pair{"0 0 31 2,4,6,9,11 *", "never comes"},
           std::pair{"0 0 30-31 FEB ?", "never comes"},
       }) {
    auto parsed = parse_cron_fields(text);
    auto* why = std::get_if<std::string>(&parsed);
    ASSERT_TRUE(why) << text;
    EXPECT_NE(why->find(words), std::string::npos) << text << " gave: " << *why;
  }
  EXPECT_TRUE(std::holds_alternative<cron_fields>(parse_cron_fields("0 0 29 2 *")));
  EXPECT_TRUE(
      std::holds_alternative<cron_fields>(parse_cron_fields("0 0 30 2 MON"))); // a Monday in February will do
}

TEST(CronFields, GivenRandomFieldsWhenSearchedThenTheSameAsCountingSeconds) {
  constexpr unsigned seed = 1970;
  SCOPED_TRACE(seed);
  std::mt19937 random{seed};
  const char* pools[5][4] = {{"0", "30", "*/20", "5,59"},
                             {"0", "*", "7-9", "59"},
                             {"*", "0", "23", "*/5"},
                             {"*", "1-3", "2", "*/2"},
                             {"*", "1", "SUN", "1-5"}};
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (auto& pool : pools)
      text += std::string{pool[random() % 4]} + " ";
    text.insert(text.rfind(' ', text.size() - 2), " *");
    auto fields = fields_of(text);
    auto matches = [&](std::int64_t s) {
      auto day = s / 86400, rest = s % 86400;
      auto weekday = (day + 4) % 7;
      auto date = day + 1; // January 1970
      bool by_date = fields.days >> date & 1, by_week = fields.weekdays >> weekday & 1;
      return (fields.hours >> rest / 3600 & 1) && (fields.minutes >> rest / 60 % 60 & 1)
             && (fields.seconds >> rest % 60 & 1)
             && (fields.either_day ? by_date || by_week : by_date && by_week);
    };
    auto from = static_cast<std::int64_t>(random() % (20 * 86400));
    auto found = next_matching_second(fields, from);
    ASSERT_TRUE(found) << text;
    auto want = from;
    while (want < 31 * 86400 && !matches(want))
      ++want;
    if (want < 31 * 86400) {
      ASSERT_EQ(*found, want) << text << from;
    }
  }
}

} // namespace

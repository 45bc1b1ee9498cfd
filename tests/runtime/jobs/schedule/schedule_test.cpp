#include "runtime/jobs/schedule/schedule.hpp"

#include <chrono>
#include <cstdio>

#include <gtest/gtest.h>

using namespace tutti::runtime::jobs;

namespace {

/// "2026-03-29 01:30:00", UTC.
std::int64_t utc(const char* text) {
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  EXPECT_GE(std::sscanf(text, "%d-%d-%d %d:%d:%d", &y, &mo, &d, &h, &mi, &s), 5) << text;
  using namespace std::chrono;
  sys_days day{year{y} / mo / d};
  return (day + hours{h} + minutes{mi} + seconds{s}).time_since_epoch().count() * 1000LL;
}

std::string words(std::optional<std::int64_t> ms) {
  if (!ms)
    return "none";
  using namespace std::chrono;
  sys_seconds t{seconds{*ms / 1000}};
  auto day = floor<days>(t);
  year_month_day date{day};
  hh_mm_ss time{t - day};
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02u-%02u %02d:%02d:%02d%s", int{date.year()}, unsigned{date.month()},
                unsigned{date.day()}, int(time.hours().count()), int(time.minutes().count()),
                int(time.seconds().count()), *ms % 1000 ? " and a bit" : "");
  return out;
}

recurrence cron(std::string_view text, std::string_view zone = "UTC") {
  auto parsed = recurrence::parse_cron(text, zone);
  if (auto* why = std::get_if<std::string>(&parsed)) {
    ADD_FAILURE() << text << ": " << *why;
    return std::get<recurrence>(recurrence::every(1000));
  }
  return std::get<recurrence>(parsed);
}

struct runs {
  const char* expression;
  const char* zone;
  const char* after; ///< UTC
  std::vector<const char*> then;
};

void expect_runs(const runs& row) {
  auto when = cron(row.expression, row.zone);
  auto at = utc(row.after);
  for (auto* want : row.then) {
    auto next = when.next_after(at);
    ASSERT_EQ(words(next), words(utc(want)))
        << row.expression << " in " << row.zone << " after " << words(at);
    at = *next;
  }
}

TEST(Schedule, GivenUtcExpressionsWhenAskedThenCalendarIsRight) {
  for (auto& row : {
           runs{"0 3 * * *", "UTC", "2026-11-22 02:59:59", {"2026-11-22 03:00:00", "2026-11-23 03:00:00"}},
           runs{"0 3 * * *", "UTC", "2026-11-22 03:00:00", {"2026-11-23 03:00:00"}},
           runs{"*/15 * * * *",
                "UTC",
                "2026-12-31 23:44:00",
                {"2026-12-31 23:45:00", "2027-01-01 00:00:00", "2027-01-01 00:15:00"}},
           runs{"15,45 30 4 * * *",
                "UTC",
                "2026-01-01 04:30:15",
                {"2026-01-01 04:30:45", "2026-01-02 04:30:15"}},
           runs{"* * * * * *", "UTC", "2026-01-01 23:59:59", {"2026-01-02 00:00:00", "2026-01-02 00:00:01"}},
           runs{"0 0 29 2 *", "UTC", "2026-01-01 00:00:00", {"2028-02-29 00:00:00", "2032-02-29 00:00:00"}},
           runs{"0 0 29 2 *", "UTC", "2096-03-01 00:00:00", {"2104-02-29 00:00:00"}},
           runs{"0 0 31 * *",
                "UTC",
                "2026-01-31 00:00:00",
                {"2026-03-31 00:00:00", "2026-05-31 00:00:00", "2026-07-31 00:00:00", "2026-08-31 00:00:00"}},
           runs{"0 12 30 * *", "UTC", "2026-01-30 12:00:00", {"2026-03-30 12:00:00"}},
           runs{"0 0 1 1 *", "UTC", "2026-01-01 00:00:00", {"2027-01-01 00:00:00"}},
           runs{"0 9 * * MON-FRI",
                "UTC",
                "2026-11-20 09:00:00",
                {"2026-11-23 09:00:00", "2026-11-24 09:00:00"}},
           runs{"0 0 * * 7", "UTC", "2026-11-22 00:00:00", {"2026-11-29 00:00:00"}},
           // Either day is enough when both are restricted; 13 November 2026 is a Friday.
           runs{"0 0 13 * FRI",
                "UTC",
                "2026-11-01 00:00:00",
                {"2026-11-06 00:00:00", "2026-11-13 00:00:00", "2026-11-20 00:00:00", "2026-11-27 00:00:00",
                 "2026-12-04 00:00:00", "2026-12-11 00:00:00", "2026-12-13 00:00:00"}},
           // A field that begins with * does not count as restricted.
           runs{
               "0 0 */2 * SUN", "UTC", "2026-11-01 00:00:00", {"2026-11-15 00:00:00", "2026-11-29 00:00:00"}},
           runs{"0 0 13 * ?", "UTC", "2026-11-01 00:00:00", {"2026-11-13 00:00:00", "2026-12-13 00:00:00"}},
           runs{"0 0 * * *", "UTC", "1969-12-30 12:00:00", {"1969-12-31 00:00:00", "1970-01-01 00:00:00"}},
           runs{"0 * * * *",
                "UTC",
                "1969-12-31 21:30:00",
                {"1969-12-31 22:00:00", "1969-12-31 23:00:00", "1970-01-01 00:00:00"}},
       })
    expect_runs(row);
}

TEST(Schedule, GivenClocksPutForwardWhenAFixedHourIsSkippedThenOnceAtTheFirstInstantAfter) {
  for (auto& row : {
           // Berlin, 29 March 2026: 02:00 CET becomes 03:00 CEST, at 01:00 UTC.
           runs{"30 2 * * *",
                "Europe/Berlin",
                "2026-03-27 12:00:00",
                {"2026-03-28 01:30:00", "2026-03-29 01:00:00", "2026-03-30 00:30:00"}},
           runs{"0 2 * * *",
                "Europe/Berlin",
                "2026-03-28 12:00:00",
                {"2026-03-29 01:00:00", "2026-03-30 00:00:00"}},
           runs{"*/10 2 * * *",
                "Europe/Berlin",
                "2026-03-29 00:00:00",
                {"2026-03-29 01:00:00", "2026-03-30 00:00:00", "2026-03-30 00:10:00"}},
           runs{"0 2,3 * * *",
                "Europe/Berlin",
                "2026-03-29 00:00:00",
                {"2026-03-29 01:00:00", "2026-03-30 00:00:00", "2026-03-30 01:00:00"}},
           runs{"0 1-4 * * *",
                "Europe/Berlin",
                "2026-03-28 23:59:00",
                {"2026-03-29 00:00:00", "2026-03-29 01:00:00", "2026-03-29 02:00:00", "2026-03-29 23:00:00"}},
           runs{"30 2 29 3 *",
                "Europe/Berlin",
                "2026-01-01 00:00:00",
                {"2026-03-29 01:00:00", "2027-03-29 00:30:00"}},
           // New York, 8 March 2026: 02:00 EST becomes 03:00 EDT, at 07:00 UTC.
           runs{"30 2 * * *",
                "America/New_York",
                "2026-03-07 12:00:00",
                {"2026-03-08 07:00:00", "2026-03-09 06:30:00"}},
           // Lord Howe puts its clocks forward by half an hour only: 02:00 becomes 02:30, at 15:30 UTC.
           runs{"15 2 * * *",
                "Australia/Lord_Howe",
                "2026-10-03 00:00:00",
                {"2026-10-03 15:30:00", "2026-10-04 15:15:00"}},
           // Samoa left out 30 December 2011 whole, at 10:00 UTC.
           runs{"0 5 * * *",
                "Pacific/Apia",
                "2011-12-29 16:00:00",
                {"2011-12-30 10:00:00", "2011-12-30 15:00:00", "2011-12-31 15:00:00"}},
       })
    expect_runs(row);
}

TEST(Schedule, GivenClocksPutBackWhenAFixedHourComesTwiceThenTheFirstTimeOnly) {
  for (auto& row : {
           // Berlin, 25 October 2026: 03:00 CEST becomes 02:00 CET, at 01:00 UTC.
           runs{"30 2 * * *",
                "Europe/Berlin",
                "2026-10-24 12:00:00",
                {"2026-10-25 00:30:00", "2026-10-26 01:30:00"}},
           runs{"30 2 * * *", "Europe/Berlin", "2026-10-25 00:45:00", {"2026-10-26 01:30:00"}},
           runs{"30 2 * * *", "Europe/Berlin", "2026-10-25 01:10:00", {"2026-10-26 01:30:00"}},
           runs{"*/30 2-3 * * *",
                "Europe/Berlin",
                "2026-10-25 00:00:00",
                {"2026-10-25 00:30:00", "2026-10-25 02:00:00", "2026-10-25 02:30:00"}},
           // New York, 1 November 2026: 02:00 EDT becomes 01:00 EST, at 06:00 UTC.
           runs{"30 1 * * *",
                "America/New_York",
                "2026-11-01 00:00:00",
                {"2026-11-01 05:30:00", "2026-11-02 06:30:00"}},
       })
    expect_runs(row);
}

TEST(Schedule, GivenStarHoursWhenClocksChangeThenRealTime) {
  for (auto& row : {
           runs{"30 * * * *",
                "Europe/Berlin",
                "2026-03-28 23:00:00",
                {"2026-03-28 23:30:00", "2026-03-29 00:30:00", "2026-03-29 01:30:00"}},
           runs{"30 * * * *",
                "Europe/Berlin",
                "2026-10-24 23:00:00",
                {"2026-10-24 23:30:00", "2026-10-25 00:30:00", "2026-10-25 01:30:00", "2026-10-25 02:30:00"}},
           runs{"0 */2 * * *",
                "Europe/Berlin",
                "2026-03-28 22:30:00",
                {"2026-03-28 23:00:00", "2026-03-29 02:00:00", "2026-03-29 04:00:00"}},
           runs{"*/20 * * * *",
                "America/New_York",
                "2026-11-01 05:30:00",
                {"2026-11-01 05:40:00", "2026-11-01 06:00:00", "2026-11-01 06:20:00"}},
           runs{"0 * 29 2 *",
                "Europe/Berlin",
                "2026-01-01 00:00:00",
                {"2028-02-28 23:00:00", "2028-02-29 00:00:00"}},
       })
    expect_runs(row);
}

TEST(Schedule, GivenZonesWhenAskedThenLocalTimeCounts) {
  for (auto& row : {
           runs{"0 9 * * *", "Europe/Berlin", "2026-01-10 00:00:00", {"2026-01-10 08:00:00"}},
           runs{"0 9 * * *", "Europe/Berlin", "2026-07-10 00:00:00", {"2026-07-10 07:00:00"}},
           runs{"0 0 1 1 *", "Asia/Tokyo", "2026-12-30 00:00:00", {"2026-12-31 15:00:00"}},
           runs{"45 5 * * *", "Asia/Kathmandu", "2026-01-01 00:00:00", {"2026-01-02 00:00:00"}},
           runs{"0 0 * * MON", "Pacific/Auckland", "2026-11-21 12:00:00", {"2026-11-22 11:00:00"}},
       })
    expect_runs(row);
}

TEST(Schedule, GivenAnyExpressionWhenWalkedThroughAYearThenTimesGrowAndStayOnWholeSeconds) {
  for (const char* zone : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"})
    for (const char* text : {"*/30 * * * *", "*/30 1-3 * * *", "0 2 * * *", "30 2 * * SUN", "17 */5 * * *"}) {
      auto when = cron(text, zone);
      auto at = utc("2026-01-01 00:00:00") + 1;
      int count = 0;
      for (const auto end = utc("2027-01-01 00:00:00"); at < end; ++count) {
        auto next = when.next_after(at);
        ASSERT_TRUE(next);
        ASSERT_GT(*next, at) << text << zone;
        ASSERT_EQ(*next % 1000, 0);
        ASSERT_EQ(when.next_after(*next - 1), next) << text << " " << zone << " " << words(next);
        at = *next;
      }
      if (std::string_view{text} == "0 2 * * *") {
        EXPECT_GE(count, 365);
        EXPECT_LE(count, 366);
      }
    }
}

TEST(Schedule, GivenIntervalsWhenAskedThenOnTheGridOfTheAnchor) {
  auto when = std::get<recurrence>(recurrence::every(5000, 1234));
  EXPECT_EQ(when.next_after(1234), 6234);
  EXPECT_EQ(when.next_after(6233), 6234);
  EXPECT_EQ(when.next_after(6234), 11234);
  EXPECT_EQ(when.next_after(9999), 11234); // a late run does not move the next
  EXPECT_EQ(when.next_after(1233), 1234);
  EXPECT_EQ(when.next_after(-100000), -98766);
  EXPECT_EQ(when.next_after(1234 + 5000LL * 1000000000), 1234 + 5000LL * 1000000001);
  for (std::int64_t bad : {std::int64_t{0}, std::int64_t{-5}, std::int64_t{999},
                           std::int64_t{366} * 86400000 + 1, INT64_MAX, INT64_MIN})
    EXPECT_TRUE(std::holds_alternative<std::string>(recurrence::every(bad))) << bad;
}

TEST(Schedule, GivenEveryWhenParsedThenItsInterval) {
  EXPECT_EQ(cron("@every 5m").next_after(1), 300000);
  EXPECT_EQ(cron("@every 1h30m").describe(), "every 1h30m");
  EXPECT_EQ(cron("  @every   1500ms ").describe(), "every 1s500ms");
  EXPECT_EQ(cron("@every 90s").describe(), "every 1m30s");
  EXPECT_EQ(cron("@every 366d").describe(), "every 366d");
  for (const char* bad : {"@every", "@every ", "@every 5", "@every m", "@every 5x", "@every -5m",
                          "@every 5m3", "@every 0s", "@every 999ms", "@every 367d",
                          "@every 99999999999999999999d", "@every 1.5h", "@every 5 m", "@everyday"})
    EXPECT_TRUE(std::holds_alternative<std::string>(recurrence::parse_cron(bad, "UTC"))) << bad;
}

TEST(Schedule, GivenMistakesWhenParsedThenClearWords) {
  for (const char* zone : {"", "Mars/Olympus", "GMT+3", "europe/berlin ", "Etc/Unknown", "\xFF", "+01:00"}) {
    auto parsed = recurrence::parse_cron("0 0 * * *", zone);
    ASSERT_TRUE(std::holds_alternative<std::string>(parsed)) << zone;
    EXPECT_NE(std::get<std::string>(parsed).find("time zone"), std::string::npos);
  }
  for (std::string text : {"", " ", "x", "0 0 30 2 *", "61 * * * *", "* * * * * * * *"})
    EXPECT_TRUE(std::holds_alternative<std::string>(recurrence::parse_cron(text, "UTC"))) << text;
  EXPECT_TRUE(std::holds_alternative<std::string>(recurrence::parse_cron(std::string(10000, '*'), "UTC")));
}

TEST(Schedule, GivenTheEndsOfTimeWhenAskedThenBounded) {
  for (auto* text : {"0 0 * * *", "* * * * * *", "0 * * * *", "@every 1d"})
    for (auto zone : {"UTC", "Europe/Berlin"}) {
      EXPECT_EQ(cron(text, zone).next_after(INT64_MAX), std::nullopt);
      EXPECT_EQ(cron(text, zone).next_after(253402300799999), std::nullopt);
      EXPECT_TRUE(cron(text, zone).next_after(INT64_MIN));
      EXPECT_TRUE(cron(text, zone).next_after(0));
    }
  EXPECT_EQ(cron("0 3 * * *", "Europe/Berlin").describe(), "0 3 * * * (Europe/Berlin)");
}

} // namespace

#include "runtime/jobs/schedule/cron_fields.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <optional>
#include <vector>

namespace tutti::runtime::jobs {
namespace {

constexpr std::string_view month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                            "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::string_view weekday_names[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

struct field_rule {
  std::string_view name;
  unsigned low, high;
  const std::string_view* names = nullptr;
  unsigned name_count = 0;
  bool question_mark = false;
};
constexpr field_rule rules[] = {{"second", 0, 59},
                                {"minute", 0, 59},
                                {"hour", 0, 23},
                                {"day of month", 1, 31, nullptr, 0, true},
                                {"month", 1, 12, month_names, 12},
                                {"day of week", 0, 7, weekday_names, 7, true}};

bool same_word(std::string_view a, std::string_view b) noexcept {
  auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
  return a.size() == b.size()
         && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return upper(x) == upper(y); });
}

std::optional<unsigned> small_number(std::string_view text) noexcept {
  if (text.empty() || text.size() > 4)
    return std::nullopt;
  unsigned value = 0;
  for (char c : text) {
    if (c < '0' || c > '9')
      return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

std::vector<std::string_view> split_fields(std::string_view text, std::string_view separators, bool join) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at <= text.size();) {
    auto end = std::min(text.find_first_of(separators, at), text.size());
    if (end > at || !join)
      out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

/// One field; `why` gets the first mistake.
class field_parser {
public:
  field_parser(const field_rule& rule, std::string_view text, std::string& why) noexcept
      : rule_(rule), text_(text), why_(why) {}

  std::uint64_t parse() {
    if (text_ == "?") {
      if (!rule_.question_mark)
        fail("takes no \"?\"");
      return range(rule_.low, rule_.high, 1);
    }
    std::uint64_t bits = 0;
    for (auto part : split_fields(text_, ",", false))
      bits |= item(part);
    return bits;
  }

private:
  void fail(const std::string& what) {
    if (why_.empty())
      why_ = "the field \"" + std::string{rule_.name} + "\" (" + std::string{text_} + ") " + what;
  }

  static std::uint64_t range(unsigned low, unsigned high, unsigned step) noexcept {
    std::uint64_t bits = 0;
    for (auto i = low; i <= high; i += step)
      bits |= std::uint64_t{1} << i;
    return bits;
  }

  std::uint64_t item(std::string_view part) {
    if (part.empty()) {
      fail("has an empty place in its list");
      return 0;
    }
    unsigned step = 1;
    const auto slash = part.find('/');
    if (slash != part.npos) {
      auto given = small_number(part.substr(slash + 1));
      if (!given || *given == 0 || *given > rule_.high) {
        fail("has a step that is not a number from 1 to " + std::to_string(rule_.high));
        return 0;
      }
      step = *given;
    }
    auto body = part.substr(0, slash);
    if (body == "*")
      return range(rule_.low, rule_.high == 7 ? 6 : rule_.high, step);
    const auto dash = body.find('-');
    const auto low = value(body.substr(0, dash), false);
    auto high = low;
    if (dash != body.npos && same_word(body.substr(0, dash), body.substr(dash + 1)))
      high = low; // SUN-SUN is one day
    else if (dash != body.npos)
      high = value(body.substr(dash + 1), true);
    else if (slash != part.npos)
      high = rule_.high == 7 ? 6 : rule_.high; // "5/10" is from 5 on
    if (!why_.empty())
      return 0;
    if (high < low) {
      fail("has a range that runs backwards");
      return 0;
    }
    return range(low, high, step);
  }

  unsigned value(std::string_view text, bool range_end) {
    for (unsigned i = 0; i < rule_.name_count; ++i)
      if (same_word(text, rule_.names[i]))
        return i == 0 && rule_.high == 7 && range_end ? 7 : i + rule_.low; // FRI-SUN ends on day 7
    auto number = small_number(text);
    if (number && *number >= rule_.low && *number <= rule_.high)
      return *number;
    fail("must have numbers from " + std::to_string(rule_.low) + " to " + std::to_string(rule_.high)
         + (rule_.name_count ? " or English names of three letters" : "") + " with * , - and /");
    return rule_.low;
  }

  const field_rule& rule_;
  std::string_view text_;
  std::string& why_;
};

std::string_view expand_macro(std::string_view text) noexcept {
  constexpr std::pair<std::string_view, std::string_view> macros[] = {
      {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
      {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
      {"@hourly", "0 * * * *"}};
  for (auto& [name, fields] : macros)
    if (same_word(text, name))
      return fields;
  return text;
}

bool day_matches(const cron_fields& f, std::chrono::sys_days day) noexcept {
  const std::chrono::year_month_day date{day};
  if (!(f.months >> unsigned{date.month()} & 1))
    return false;
  const bool by_date = f.days >> unsigned{date.day()} & 1;
  const bool by_week = f.weekdays >> std::chrono::weekday{day}.c_encoding() & 1;
  return f.either_day ? by_date || by_week : by_date && by_week;
}

/// The lowest allowed value from `from` on, or 64.
unsigned next_bit(std::uint64_t bits, unsigned from) noexcept {
  return from < 64 ? static_cast<unsigned>(std::countr_zero(bits >> from << from)) : 64;
}

} // namespace

std::variant<cron_fields, std::string> parse_cron_fields(std::string_view expression) {
  auto parts = split_fields(expand_macro(expression), " \t", true);
  if (parts.size() == 1 && parts.front().starts_with('@'))
    return "the macro " + std::string{parts.front()}
           + " is not one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, @every";
  if (parts.size() != 5 && parts.size() != 6)
    return "a cron expression has 5 fields (minute, hour, day of month, month, day of week), or 6 with the "
           "second "
           "first; this has "
           + std::to_string(parts.size());
  if (parts.size() == 5)
    parts.insert(parts.begin(), "0");
  std::string why;
  std::uint64_t bits[6];
  for (std::size_t i = 0; i < 6; ++i)
    bits[i] = field_parser{rules[i], parts[i], why}.parse();
  if (!why.empty())
    return why;
  auto open = [&](std::size_t i) { return parts[i].starts_with('*') || parts[i] == "?"; };
  cron_fields out{.seconds = bits[0],
                  .minutes = bits[1],
                  .hours = bits[2],
                  .days = bits[3],
                  .months = bits[4],
                  .weekdays = (bits[5] | bits[5] >> 7) & 0x7F,
                  .any_hour = open(2),
                  .either_day = !open(3) && !open(5)};
  // From a leap year on, so that 29 February counts as a day that there is.
  const std::chrono::sys_seconds year_2000 = std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};
  const auto first = next_matching_second(out, year_2000.time_since_epoch().count());
  if (!first || std::chrono::sys_seconds{std::chrono::seconds{*first}} > year_2000 + std::chrono::years{5})
    return "the fields \"day of month\" (" + std::string{parts[3]} + ") and \"month\" ("
           + std::string{parts[4]} + ") name a day that never comes";
  return out;
}

std::optional<std::int64_t> next_matching_second(const cron_fields& f, std::int64_t from) noexcept {
  using namespace std::chrono;
  const sys_seconds start{seconds{from}};
  auto day = floor<days>(start);
  const hh_mm_ss time{start - day};
  auto hour = static_cast<unsigned>(time.hours().count());
  auto minute = static_cast<unsigned>(time.minutes().count());
  auto second = static_cast<unsigned>(time.seconds().count());
  const auto end = day + days{9 * 366};
  while (day < end) {
    if (day_matches(f, day)) {
      // The first time of day at or after hour:minute:second, least significant field first.
      if (second = next_bit(f.seconds, second); second > 59)
        ++minute;
      const auto good_minute = next_bit(f.minutes, minute);
      if (good_minute != minute || second > 59)
        second = next_bit(f.seconds, 0);
      minute = good_minute;
      if (minute > 59)
        ++hour;
      const auto good_hour = next_bit(f.hours, hour);
      if (good_hour != hour || minute > 59) {
        minute = next_bit(f.minutes, 0);
        second = next_bit(f.seconds, 0);
      }
      hour = good_hour;
      if (hour < 24)
        return (sys_seconds{day} + hours{hour} + minutes{minute} + seconds{second})
            .time_since_epoch()
            .count();
    }
    ++day;
    hour = minute = second = 0;
    // Whole months that do not match are skipped at once.
    if (year_month_day date{day}; !(f.months >> unsigned{date.month()} & 1))
      day = sys_days{(date.year() / date.month() + months{1}) / 1};
  }
  return std::nullopt;
}

} // namespace tutti::runtime::jobs

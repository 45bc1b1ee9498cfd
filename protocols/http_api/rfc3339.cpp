#include "protocols/http_api/rfc3339.hpp"

#include <algorithm>
#include <chrono>

namespace tutti::protocols::http_api {
namespace {

/// Takes digits and separators off the front; after the first mistake `ok` stays false.
struct date_cursor {
  std::string_view rest;
  bool ok = true;

  int digits(std::size_t count, int low, int high) noexcept {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= rest.size() || rest[i] < '0' || rest[i] > '9') {
        ok = false;
        return low;
      }
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    ok = ok && value >= low && value <= high;
    return value;
  }

  bool take(std::string_view one_of) noexcept {
    if (rest.empty() || one_of.find(rest.front()) == std::string_view::npos)
      return false;
    rest.remove_prefix(1);
    return true;
  }

  void expect(std::string_view one_of) noexcept { ok = take(one_of) && ok; }
};

int fraction_ms(date_cursor& in) noexcept {
  int ms = 0, digits = 0;
  for (; !in.rest.empty() && in.rest.front() >= '0' && in.rest.front() <= '9';
       ++digits, in.rest.remove_prefix(1))
    if (digits < 3)
      ms = ms * 10 + (in.rest.front() - '0');
  in.ok = in.ok && digits > 0;
  for (; digits < 3; ++digits)
    ms *= 10;
  return ms;
}

} // namespace

std::optional<std::int64_t> parse_rfc3339(std::string_view text) noexcept {
  using namespace std::chrono;
  date_cursor in{text};
  year_month_day date;
  {
    int y = in.digits(4, 0, 9999);
    in.expect("-");
    int m = in.digits(2, 1, 12);
    in.expect("-");
    int d = in.digits(2, 1, 31);
    date = year{y} / month{static_cast<unsigned>(m)} / day{static_cast<unsigned>(d)};
  }
  in.expect("Tt");
  const int hour = in.digits(2, 0, 23);
  in.expect(":");
  const int minute = in.digits(2, 0, 59);
  in.expect(":");
  int second = in.digits(2, 0, 60);
  int ms = in.take(".") ? fraction_ms(in) : 0;
  int offset_min = 0;
  if (!in.take("Zz")) {
    const bool behind = !in.rest.empty() && in.rest.front() == '-';
    in.expect("+-");
    offset_min = in.digits(2, 0, 23) * 60;
    in.expect(":");
    offset_min += in.digits(2, 0, 59);
    offset_min = behind ? -offset_min : offset_min;
  }
  if (!in.ok || !in.rest.empty() || !date.ok())
    return std::nullopt;
  const bool leap = second == 60;
  if (leap) {
    second = 59;
    ms = 999;
  }
  auto when =
      sys_days{date} + hours{hour} + minutes{minute - offset_min} + seconds{second} + milliseconds{ms};
  if (leap) {
    auto today = floor<days>(when);
    year_month_day utc{today};
    if (when - today != days{1} - milliseconds{1} || utc != year_month_day{utc.year() / utc.month() / last})
      return std::nullopt;
  }
  return when.time_since_epoch().count();
}

std::string format_rfc3339(std::int64_t unix_ms) {
  using namespace std::chrono;
  constexpr sys_time<milliseconds> first = sys_days{year{0} / 1 / 1};
  constexpr sys_time<milliseconds> last_one = sys_days{year{10000} / 1 / 1} - milliseconds{1};
  const auto when = std::clamp(sys_time<milliseconds>{milliseconds{unix_ms}}, first, last_one);
  const auto today = floor<days>(when);
  const year_month_day date{today};
  const hh_mm_ss time{when - today};
  std::string out = "0000-00-00T00:00:00.000Z";
  auto put = [&](std::size_t end, std::int64_t value) {
    for (; value > 0; value /= 10)
      out[end--] = static_cast<char>('0' + value % 10);
  };
  put(3, int{date.year()});
  put(6, unsigned{date.month()});
  put(9, unsigned{date.day()});
  put(12, time.hours().count());
  put(15, time.minutes().count());
  put(18, time.seconds().count());
  put(22, time.subseconds().count());
  return out;
}

} // namespace tutti::protocols::http_api

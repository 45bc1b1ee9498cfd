#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace tutti::runtime::jobs {

/// When a schedule runs. Immutable, cheap to copy, thread-safe; knows no clock. Times are Unix milliseconds,
/// UTC.
class recurrence {
public:
  /// A cron expression in a time zone of the IANA database, or one clear sentence on what is wrong with it.
  ///
  /// Five fields (minute, hour, day of month, month, day of week) or six with the second first; `*`, lists,
  /// ranges, steps (`*/5`, `10-40/10`, `5/10` = from 5 on), JAN-DEC and SUN-SAT, 7 = Sunday, `?` in the day
  /// fields; @yearly
  /// @annually @monthly @weekly @daily @midnight @hourly; `@every 1h30m` (units d h m s ms, at least 1 s,
  /// counted from the epoch). When both day fields are restricted one of them is enough, as in vixie cron.
  ///
  /// Where clocks are put forward, a time that the zone skips runs once, at the first instant after the gap;
  /// where they are put back, a time that comes twice runs the first time only. When the hour field begins
  /// with `*` the expression follows real time instead: nothing is made up for the gap, and the repeated hour
  /// runs twice.
  static std::variant<recurrence, std::string> parse_cron(std::string_view expression,
                                                          std::string_view time_zone);

  /// anchor, anchor + interval, anchor + 2 intervals …: never drifts, however late a run is. 1,000 ms to 366
  /// days.
  static std::variant<recurrence, std::string> every(std::int64_t interval_ms, std::int64_t anchor_ms = 0);

  /// The first time after `after`. Nothing only when the calendar ends (no time within 9 years, or past year
  /// 9999).
  std::optional<std::int64_t> next_after(std::int64_t after) const;

  /// "every 1h30m" or "0 3 * * * (Europe/Berlin)".
  std::string describe() const;

private:
  struct plan;
  explicit recurrence(std::shared_ptr<const plan> what) noexcept;
  std::shared_ptr<const plan> plan_;
};

} // namespace tutti::runtime::jobs

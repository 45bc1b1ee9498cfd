#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// For schedule.cpp: a cron expression on a calendar, without time zones.
namespace tutti::runtime::jobs {

/// Which values each field allows, a bit for each.
struct cron_fields {
  std::uint64_t seconds = 1; ///< bits 0 to 59
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  std::uint64_t days = 0;     ///< bits 1 to 31
  std::uint64_t months = 0;   ///< bits 1 to 12
  std::uint64_t weekdays = 0; ///< bits 0 (Sunday) to 6
  bool any_hour = false;      ///< the field begins with "*"
  bool either_day = false;    ///< neither day field begins with "*": one of them is enough (vixie cron)

  bool operator==(const cron_fields&) const = default;
};

/// Five fields, or six with the seconds first, or a macro such as @daily; else what is wrong, naming the
/// field. An expression that has no day at all, such as 30 February, is refused.
std::variant<cron_fields, std::string> parse_cron_fields(std::string_view expression);

/// The first matching second at or after `from`; both count seconds since 1970-01-01T00:00:00 of a calendar
/// without zones. Looks 9 years ahead (29 February 2096 is followed by that of 2104).
std::optional<std::int64_t> next_matching_second(const cron_fields& fields, std::int64_t from) noexcept;

} // namespace tutti::runtime::jobs

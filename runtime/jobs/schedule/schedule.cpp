#include "runtime/jobs/schedule/schedule.hpp"

#include "runtime/jobs/schedule/cron_fields.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <unicode/basictz.h>
#include <unicode/timezone.h>
#include <unicode/tztrans.h>
#include <unicode/unistr.h>

namespace tutti::runtime::jobs {
namespace {

constexpr std::int64_t max_interval_ms = std::int64_t{366} * 24 * 3600 * 1000;
constexpr std::int64_t max_time_ms = 253402300799999; // the end of year 9999
constexpr std::int64_t min_time_ms = -62135596800000; // the beginning of year 1
constexpr std::pair<std::string_view, std::int64_t> duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

std::int64_t floor_seconds(std::int64_t ms) noexcept {
  return ms / 1000 - (ms % 1000 < 0);
}

/// "1h30m"; nothing when it is not a duration.
std::optional<std::int64_t> parse_duration(std::string_view text) noexcept {
  std::int64_t total = 0;
  if (text.empty())
    return std::nullopt;
  while (!text.empty()) {
    std::int64_t value = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
      value = std::min(value * 10 + (text[digits] - '0'), max_interval_ms + 1);
    text.remove_prefix(digits);
    auto unit = text.substr(0, text.find_first_of("0123456789"));
    auto found = std::find_if(std::begin(duration_units), std::end(duration_units),
                              [&](auto& known) { return known.first == unit; });
    if (digits == 0 || found == std::end(duration_units))
      return std::nullopt;
    text.remove_prefix(unit.size());
    total = std::min(total + std::min(value, max_interval_ms / found->second + 1) * found->second,
                     2 * max_interval_ms);
  }
  return total;
}

std::string duration_words(std::int64_t ms) {
  std::string out;
  for (auto i = std::rbegin(duration_units); i != std::rend(duration_units); ++i) {
    if (ms >= i->second)
      out.append(std::to_string(ms / i->second)).append(i->first);
    ms %= i->second;
  }
  return out;
}

std::unique_ptr<icu::BasicTimeZone> find_zone(std::string_view name) {
  const auto id =
      icu::UnicodeString::fromUTF8(icu::StringPiece{name.data(), static_cast<std::int32_t>(name.size())});
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString canonical;
  UBool known = false;
  icu::TimeZone::getCanonicalID(id, canonical, known, status);
  if (U_FAILURE(status) || !known || name == "Etc/Unknown")
    return nullptr;
  std::unique_ptr<icu::TimeZone> zone{icu::TimeZone::createTimeZone(id)};
  auto* basic = dynamic_cast<icu::BasicTimeZone*>(zone.get());
  if (basic)
    zone.release();
  return std::unique_ptr<icu::BasicTimeZone>{basic};
}

} // namespace

struct recurrence::plan {
  std::int64_t interval_ms = 0; ///< 0: cron
  std::int64_t anchor_ms = 0;
  cron_fields fields;
  std::unique_ptr<icu::BasicTimeZone> zone;
  std::string text;

  std::int64_t offset_at(std::int64_t s) const {
    std::int32_t raw = 0, saving = 0;
    UErrorCode status = U_ZERO_ERROR;
    zone->getOffset(static_cast<UDate>(s) * 1000, false, raw, saving, status);
    return (raw + saving) / 1000;
  }

  /// The first change of the offset after `s`.
  std::optional<std::int64_t> change_after(std::int64_t s) const {
    icu::TimeZoneTransition change;
    if (!zone->getNextTransition(static_cast<UDate>(s) * 1000, false, change))
      return std::nullopt;
    return floor_seconds(static_cast<std::int64_t>(change.getTime()));
  }

  std::optional<std::int64_t> next_in_real_time(std::int64_t after) const {
    auto from = after + 1;
    for (int changes = 0; changes < 100; ++changes) {
      const auto offset = offset_at(from);
      const auto local = next_matching_second(fields, from + offset);
      if (!local)
        return std::nullopt;
      const auto change = change_after(from);
      if (!change || *local - offset < *change)
        return *local - offset;
      from = *change; // the clocks change first
    }
    return std::nullopt;
  }

  /// When the zone's clocks show `local` for the first time, or if they skip it, first show a later one.
  std::int64_t instant_of(std::int64_t local) const {
    // An offset is below a day, so the change that matters lies within a day of `local`.
    auto s = local - 86'400;
    for (;;) {
      const auto candidate = local - offset_at(s);
      const auto change = change_after(s);
      if (!change || candidate < *change)
        return std::max(candidate, s);
      s = *change;
    }
  }

  std::optional<std::int64_t> next_by_clock(std::int64_t after) const {
    // A clock that was put back shows times that have passed: those are skipped.
    auto local = std::optional{after + offset_at(after)};
    for (int tries = 0; tries < 200'000; ++tries) {
      local = next_matching_second(fields, *local + 1);
      if (!local)
        return std::nullopt;
      if (const auto s = instant_of(*local); s > after)
        return s;
    }
    return std::nullopt;
  }
};

recurrence::recurrence(std::shared_ptr<const plan> what) noexcept : plan_(std::move(what)) {}

std::variant<recurrence, std::string> recurrence::every(std::int64_t interval_ms, std::int64_t anchor_ms) {
  if (interval_ms < 1000 || interval_ms > max_interval_ms)
    return "an interval must be 1 second to 366 days";
  auto out = std::make_shared<plan>();
  out->interval_ms = interval_ms;
  out->anchor_ms = anchor_ms;
  return recurrence{std::move(out)};
}

std::variant<recurrence, std::string> recurrence::parse_cron(std::string_view expression,
                                                             std::string_view time_zone) {
  const auto begin = expression.find_first_not_of(" \t");
  expression = begin == expression.npos ? std::string_view{} : expression.substr(begin);
  expression = expression.substr(0, expression.find_last_not_of(" \t") + 1);
  if (expression.size() > 256)
    return "a cron expression has at most 256 characters";
  auto zone = find_zone(time_zone);
  if (!zone)
    return "the time zone \"" + std::string{time_zone.substr(0, 64)}
           + "\" is not known; it must be an IANA name such as Europe/Berlin";
  if (expression.starts_with("@every")) {
    auto text = expression.substr(6);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    auto interval = parse_duration(text);
    if (!interval)
      return "@every needs a duration such as 5m or 1h30m (units d, h, m, s, ms)";
    return every(*interval);
  }
  auto fields = parse_cron_fields(expression);
  if (auto* why = std::get_if<std::string>(&fields))
    return std::move(*why);
  auto out = std::make_shared<plan>();
  out->fields = std::get<cron_fields>(fields);
  out->zone = std::move(zone);
  out->text = std::string{expression} + " (" + std::string{time_zone} + ")";
  return recurrence{std::move(out)};
}

std::optional<std::int64_t> recurrence::next_after(std::int64_t after) const {
  if (after >= max_time_ms)
    return std::nullopt;
  after = std::max(after, min_time_ms);
  std::optional<std::int64_t> next;
  if (const auto step = plan_->interval_ms; step > 0) {
    const auto anchor = std::clamp(plan_->anchor_ms, min_time_ms, max_time_ms);
    const auto since = after - anchor;
    next = anchor + (since / step - (since % step < 0) + 1) * step;
  } else {
    const auto s = floor_seconds(after);
    next = plan_->fields.any_hour ? plan_->next_in_real_time(s) : plan_->next_by_clock(s);
    if (next)
      *next *= 1000;
  }
  return next && *next <= max_time_ms ? next : std::nullopt;
}

std::string recurrence::describe() const {
  return plan_->interval_ms > 0 ? "every " + duration_words(plan_->interval_ms) : plan_->text;
}

} // namespace tutti::runtime::jobs

#include "runtime/jobs/job.hpp"

#include <algorithm>
#include <array>

namespace tutti::runtime::jobs {
namespace {

constexpr std::string_view base32_digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t id_length = 26; // 130 bits: the first digit carries only 3

constexpr std::array<std::string_view, job_status_count> status_names = {
    "scheduled", "queued", "running", "retrying", "succeeded", "dead", "cancelled"};
constexpr std::array<std::string_view, priority_count> priority_names = {"high", "medium", "low"};

constexpr auto digit_values = [] {
  std::array<std::int8_t, 256> out{};
  out.fill(-1);
  for (std::size_t i = 0; i < base32_digits.size(); ++i)
    out[static_cast<unsigned char>(base32_digits[i])] = static_cast<std::int8_t>(i);
  return out;
}();

} // namespace

job_id make_job_id(unix_ms now) {
  static thread_local job_id last;
  auto ms = static_cast<std::uint64_t>(now);
  if (last && ms <= (last.hi >> 16)) { // same millisecond, or the clock stepped back
    if (++last.lo == 0)
      ++last.hi;
    return last;
  }
  last.hi = ms << 16 | (telemetry::random_bits() & 0xffff);
  last.lo = telemetry::random_bits();
  return last;
}

std::string to_string(job_id id) {
  std::string out(id_length, '0');
  auto hi = id.hi;
  auto lo = id.lo;
  for (auto i = id_length; i-- > 0;) {
    out[i] = base32_digits[lo & 31];
    lo = lo >> 5 | hi << 59;
    hi >>= 5;
  }
  return out;
}

std::optional<job_id> parse_job_id(std::string_view text) noexcept {
  if (text.size() != id_length || text[0] > '7')
    return std::nullopt;
  job_id id;
  for (char c : text) {
    auto digit = digit_values[static_cast<unsigned char>(c)];
    if (digit < 0)
      return std::nullopt;
    id.hi = id.hi << 5 | id.lo >> 59;
    id.lo = id.lo << 5 | static_cast<std::uint64_t>(digit);
  }
  return id;
}

std::string_view to_string(job_status status) noexcept {
  return status_names[static_cast<std::size_t>(status)];
}

std::optional<job_status> parse_job_status(std::string_view text) noexcept {
  auto i = std::find(status_names.begin(), status_names.end(), text);
  if (i == status_names.end())
    return std::nullopt;
  return static_cast<job_status>(i - status_names.begin());
}

std::string_view to_string(priority p) noexcept {
  return priority_names[static_cast<std::size_t>(p)];
}

} // namespace tutti::runtime::jobs

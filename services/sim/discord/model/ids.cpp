#include "services/sim/discord/model/ids.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace tutti::services::sim::discord {

std::optional<std::uint64_t> parse_id(std::string_view text) noexcept {
  std::uint64_t out = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failure != std::errc{} || end != text.data() + text.size() || text.front() == '0')
    return std::nullopt;
  return out;
}

std::string timestamp() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  std::time_t seconds = us / 1'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char out[64];
  std::snprintf(out, sizeof out, "%s.%06d+00:00", date, static_cast<int>(us % 1'000'000));
  return out;
}

std::uint64_t snowflakes::next() {
  constexpr std::uint64_t epoch_ms = 1'420'070'400'000;
  auto now = std::chrono::system_clock::now().time_since_epoch();
  auto ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  last_ = std::max(last_ + 1, (ms - epoch_ms) << 22);
  return last_;
}

} // namespace tutti::services::sim::discord

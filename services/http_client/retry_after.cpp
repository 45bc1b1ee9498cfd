#include "services/http_client/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include <curl/curl.h>

namespace tutti::services::http_client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest = std::chrono::hours{24};

} // namespace

std::optional<milliseconds> parse_retry_after(std::string_view value, std::time_t now) {
  double seconds = 0;
  auto end = value.data() + value.size();
  auto read = std::from_chars(value.data(), end, seconds, std::chars_format::fixed);
  if (read.ec == std::errc{} && read.ptr == end) {
    auto limit = static_cast<double>(std::chrono::seconds{std::chrono::hours{24}}.count());
    if (!std::isfinite(seconds) || seconds < 0)
      return std::nullopt;
    return milliseconds{static_cast<std::int64_t>(std::min(seconds, limit) * 1000 + 0.999)};
  }
  if (value.find(':') == value.npos) // curl finds dates in much that is none
    return std::nullopt;
  auto date = ::curl_getdate(std::string{value}.c_str(), nullptr);
  if (date < 0)
    return std::nullopt;
  return std::min<milliseconds>(std::chrono::seconds{std::max<std::time_t>(date - now, 0)}, longest);
}

} // namespace tutti::services::http_client

#pragma once
#include <chrono>
#include <ctime>
#include <optional>
#include <string_view>

namespace tutti::services::http_client {

/// A Retry-After header: seconds, whole or with a fraction, or an HTTP date, which is compared with `now`. At
/// most a day. Nothing when it is neither.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, std::time_t now);

} // namespace tutti::services::http_client

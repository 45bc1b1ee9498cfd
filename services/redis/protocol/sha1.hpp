#pragma once
#include <string>
#include <string_view>

namespace tutti::services::redis {

/// 20 bytes, as scripts get them from redis.sha1hex: not for secrets.
std::string sha1_of(std::string_view text);

} // namespace tutti::services::redis

#pragma once
#include "protocols/http_api/problem.hpp"

#include <optional>
#include <string_view>

namespace tutti::protocols::http_api {

/// For routes that need no body: nothing when `body` is empty or an object without members. Errors as
/// `parse_submission`.
std::optional<problem> parse_empty_body(std::string_view body);

} // namespace tutti::protocols::http_api

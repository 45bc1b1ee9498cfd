#pragma once
#include "protocols/http_api/problem.hpp"

#include <optional>
#include <string_view>

namespace tutti::protocols::http_api {

/// For objects that somebody else takes apart: nothing when `body` is one whose members have different names.
/// Errors as `parse_submission`.
std::optional<problem> check_object(std::string_view body);

} // namespace tutti::protocols::http_api

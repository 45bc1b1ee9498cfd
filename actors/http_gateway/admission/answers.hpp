#pragma once
#include "actors/http_gateway/exchange/exchange.hpp"
#include "protocols/http_api/problem.hpp"

#include <string>
#include <string_view>

#include <caf/error.hpp>

/// Answers that many routes give.
namespace tutti::actors::http_gateway {

response json(int status, std::string body);

/// `target` becomes the instance. 503 and 429 get Retry-After.
response answer(protocols::http_api::problem what, std::string_view target);
response problem_answer(int status, std::string detail, std::string_view target);

/// An actor's or store's error in terms of HTTP.
response error_answer(const caf::error& reason, std::string_view target);

} // namespace tutti::actors::http_gateway

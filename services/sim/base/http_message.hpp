#pragma once
#include "services/sim/base/json.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::services::sim {

struct http_request {
  std::string method;
  std::string path;  ///< without the query, as sent
  std::string query; ///< without the question mark
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string peer; ///< the address

  /// Empty: there is none.
  std::string_view header(std::string_view name) const noexcept;
  /// A parameter of the query, percent-decoded; empty: there is none.
  std::string parameter(std::string_view name) const;
  /// The path's parts between slashes, percent-decoded.
  std::vector<std::string> segments() const;
};

struct http_response {
  int status = 200;
  std::string body;
  std::string content_type = "application/json"; ///< empty: no such header
  std::vector<std::pair<std::string, std::string>> headers;
  bool drop = false; ///< no answer at all: the connection is reset
};

http_response json_response(int status, const json& body);

/// Must be called once, at once or later; calls after the connection's end do nothing.
using http_responder = std::function<void(http_response)>;

} // namespace tutti::services::sim

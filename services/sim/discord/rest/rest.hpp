#pragma once
#include "services/sim/discord/rest/call.hpp"
#include "services/sim/discord/rest/rest_faults.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace tutti::services::sim::discord {

/// REST under /api/v10: bans, authorization, limits, then the route.
class rest {
public:
  explicit rest(rest_parts parts) : parts_(parts) {}

  void handle(const http_request& request, const http_responder& answer);
  void summarise(json& out) const;
  rest_faults& faults() noexcept { return faults_; }

private:
  http_response respond(const http_request& request);
  http_response route(const http_request& request, std::string_view path);
  http_response call(const rest_route& to, rest_call& one);
  bool limited(const rest_route& to, const rest_call& one, http_response& out);

  rest_parts parts_;
  rate_limits limits_;
  invalid_requests invalid_;
  rest_faults faults_;
  std::map<int, std::uint64_t> statuses_;
};

} // namespace tutti::services::sim::discord

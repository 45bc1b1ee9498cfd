#include "services/sim/discord/rest/rest_faults.hpp"

#include <cmath>

namespace tutti::services::sim::discord {
namespace {

http_response faulty_answer(const rest_fault& fault) {
  http_response out;
  switch (fault.what) {
  case rest_fault::kind::refuse:
    out.drop = true;
    return out;
  case rest_fault::kind::garbage:
    return edge_page(fault.status);
  case rest_fault::kind::status:
    break;
  }
  if (fault.status == 429)
    return too_many_requests(fault.retry_after_s.value_or(1), fault.scope.empty() ? "user" : fault.scope);
  out = json_response(
      fault.status,
      json::object{{"message", std::to_string(fault.status) + ": made by a fault"}, {"code", 0}});
  if (fault.retry_after_s)
    out.headers.emplace_back("Retry-After", std::to_string(std::lround(std::ceil(*fault.retry_after_s))));
  return out;
}

} // namespace

http_response edge_page(int status) {
  http_response out;
  out.status = status;
  out.content_type = "text/html; charset=UTF-8";
  out.body = "<!DOCTYPE html><html><head><title>discord.com | " + std::to_string(status)
             + "</title></head><body>Cloudflare</body></html>\n";
  return out;
}

http_response too_many_requests(double retry_after_s, std::string_view scope) {
  auto out =
      json_response(429, json::object{{"message", scope == "global" ? "You are being rate limited globally."
                                                                    : "You are being rate limited."},
                                      {"retry_after", std::ceil(retry_after_s * 1000) / 1000},
                                      {"global", scope == "global"}});
  out.headers.emplace_back("Retry-After", std::to_string(std::lround(std::ceil(retry_after_s))));
  out.headers.emplace_back("X-RateLimit-Scope", scope);
  if (scope == "global")
    out.headers.emplace_back("X-RateLimit-Global", "true");
  out.headers.emplace_back("Via", "1.1 google");
  return out;
}

std::optional<http_response> rest_faults::answer(const http_request& to, steady_time now) {
  std::erase_if(all_, [&](auto& one) { return one.left == 0 || now >= one.until; });
  for (auto& one : all_)
    if (to.path.find(one.path) != to.path.npos) {
      --one.left;
      return faulty_answer(one);
    }
  return std::nullopt;
}

} // namespace tutti::services::sim::discord

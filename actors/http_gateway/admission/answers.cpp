#include "actors/http_gateway/admission/answers.hpp"

#include "runtime/error.hpp"

#include <utility>

namespace tutti::actors::http_gateway {

response json(int status, std::string body) {
  response out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

response answer(protocols::http_api::problem what, std::string_view target) {
  what.instance = target.substr(0, target.find('?'));
  response out;
  out.status = what.status;
  out.content_type = "application/problem+json";
  out.body = protocols::http_api::render(what);
  if (what.status == 503 || what.status == 429)
    out.headers = "Retry-After: 1\r\n";
  return out;
}

response problem_answer(int status, std::string detail, std::string_view target) {
  protocols::http_api::problem what;
  what.status = status;
  what.detail = std::move(detail);
  return answer(std::move(what), target);
}

response error_answer(const caf::error& reason, std::string_view target) {
  using runtime::ec;
  int status = 503; // a dead or slow actor: it will be back
  if (runtime::is(reason, ec::not_found))
    status = 404;
  else if (runtime::is(reason, ec::conflict))
    status = 409;
  else if (runtime::is(reason, ec::rejected) || runtime::is(reason, ec::malformed))
    status = 422;
  return problem_answer(status, runtime::words(reason), target);
}

} // namespace tutti::actors::http_gateway

#include "services/sim/discord/rest/call.hpp"

namespace tutti::services::sim::discord {

http_response rest_error(int status, int code, std::string_view message) {
  return json_response(status, json::object{{"message", message}, {"code", code}});
}

http_response form_error(const form& checked) {
  return json_response(400, checked.problem());
}

http_response no_content() {
  http_response out;
  out.status = 204;
  out.content_type.clear();
  return out;
}

} // namespace tutti::services::sim::discord

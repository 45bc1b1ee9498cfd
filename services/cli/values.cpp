#include "services/cli/values.hpp"

#include "runtime/config/load.hpp"
#include "services/cli/client/json.hpp"
#include "services/cli/failure.hpp"

#include <algorithm>
#include <cstdlib>

namespace tutti::services::cli {

std::string variable(const char* name) {
  auto* value = std::getenv(name);
  return value ? value : "";
}

std::string check_json(const std::string& text) {
  std::string why;
  return json::parse(text, &why) ? "" : "is not JSON: " + why;
}

std::string check_duration(const std::string& text) {
  return runtime::config::parse_duration(text) ? "" : "must be like 250ms, 5s, 10m, 24h or 7d";
}

void check_connection(http_options& to) {
  while (to.url.ends_with('/') && !to.url.ends_with("://"))
    to.url.pop_back();
  if (auto wrong = check_url(to.url); !wrong.empty())
    throw failure("--url (or $TUTTI_URL) \"" + to.url + "\" " + wrong, exit_usage);
  auto bad = [](unsigned char c) { return c < 0x21 || c > 0x7E; };
  if (std::any_of(to.token.begin(), to.token.end(), bad))
    throw failure("--token (or $TUTTI_TOKEN) must be printable ASCII without spaces", exit_usage);
}

} // namespace tutti::services::cli

#include "services/websocket/url.hpp"

#include "runtime/config/load.hpp"
#include "runtime/error.hpp"

#include <algorithm>

namespace tutti::services::websocket {
namespace {

bool printable(char c) {
  return c > ' ' && c < 0x7F;
}

std::string read_parts(std::string_view url, peer_address& out) {
  if (!std::all_of(url.begin(), url.end(), printable))
    return "contains white space, control characters or bytes beyond ASCII";
  auto sign = url.find("://");
  auto scheme = url.substr(0, sign);
  if (sign == url.npos || (scheme != "ws" && scheme != "wss"))
    return "must begin with ws:// or wss://";
  out.tls = scheme == "wss";
  auto rest = url.substr(sign + 3);
  auto authority = rest.substr(0, rest.find_first_of("/?#"));
  auto target = rest.substr(authority.size());
  if (authority.find('@') != authority.npos)
    return "must not have a user or password";
  if (target.find('#') != target.npos)
    return "must not have a fragment";
  auto colon = authority.rfind(':');
  auto bracket = authority.rfind(']');
  bool has_port = colon != authority.npos && (bracket == authority.npos || colon > bracket);
  std::string host_port{authority};
  if (!has_port)
    host_port += out.tls ? ":443" : ":80";
  auto parsed = runtime::config::parse_endpoint(host_port);
  if (!parsed || parsed->port == 0)
    return "has no valid host and port";
  out.host = std::move(parsed->host);
  out.port = parsed->port;
  out.authority = authority;
  out.target = (target.starts_with('/') ? "" : "/") + std::string{target};
  return "";
}

} // namespace

caf::expected<peer_address> parse_url(std::string_view url) {
  peer_address result;
  if (auto wrong = read_parts(url, result); !wrong.empty())
    return runtime::make_error(runtime::ec::rejected, "the WebSocket's URL " + wrong);
  return result;
}

} // namespace tutti::services::websocket

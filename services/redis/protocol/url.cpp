#include "services/redis/protocol/url.hpp"

#include "runtime/config/load.hpp"
#include "runtime/error.hpp"

#include <charconv>
#include <optional>

namespace tutti::services::redis {
namespace {

using runtime::ec;

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    if (i + 2 >= text.size()
        || std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr != text.data() + i + 3)
      return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

std::string read_user_info(std::string_view text, server_address& out) {
  auto colon = text.find(':');
  // Clients disagree on whether a lone word is the user or the password.
  if (colon == text.npos)
    return "must have user:password@ or :password@ before the host";
  auto user = percent_decoded(text.substr(0, colon));
  auto password = percent_decoded(text.substr(colon + 1));
  if (!user || !password)
    return "has a % in its user or password that is not followed by two hexadecimal digits";
  if (password->empty() && !user->empty())
    return "has a user without a password";
  out.user = std::move(*user);
  out.password = std::move(*password);
  return "";
}

std::string read_host(std::string_view text, server_address& out) {
  auto colon = text.rfind(':');
  auto bracket = text.rfind(']');
  bool has_port = colon != text.npos && (bracket == text.npos || colon > bracket);
  auto parsed = runtime::config::parse_endpoint(has_port ? std::string{text} : std::string{text} + ":6379");
  if (!parsed || parsed->port == 0)
    return "has no valid host and port (a password with any of /?#@ must be percent-encoded)";
  out.host = std::move(parsed->host);
  out.port = parsed->port;
  return "";
}

std::string read_database(std::string_view path, server_address& out) {
  if (path.empty() || path == "/")
    return "";
  auto end = path.data() + path.size();
  auto read = std::from_chars(path.data() + 1, end, out.database);
  return read.ec == std::errc{} && read.ptr == end ? "" : "must end with the host or /N, a database's number";
}

std::string read_url(std::string_view url, server_address& out) {
  auto sign = url.find("://");
  auto scheme = url.substr(0, sign);
  if (sign == url.npos || (scheme != "redis" && scheme != "rediss"))
    return "must begin with redis:// or rediss://";
  out.tls = scheme == "rediss";
  auto rest = url.substr(sign + 3);
  auto authority = rest.substr(0, rest.find_first_of("/?#"));
  auto path = rest.substr(authority.size());
  if (auto at = authority.rfind('@'); at != authority.npos) {
    if (auto wrong = read_user_info(authority.substr(0, at), out); at > 0 && !wrong.empty())
      return wrong;
    authority.remove_prefix(at + 1);
  }
  auto wrong = read_host(authority, out);
  return wrong.empty() ? read_database(path, out) : wrong;
}

} // namespace

caf::expected<server_address> parse_url(std::string_view url) {
  server_address result;
  if (auto wrong = read_url(url, result); !wrong.empty())
    return runtime::make_error(ec::rejected, "the URL of Redis " + wrong);
  return result;
}

std::string to_string(const server_address& address) {
  return runtime::config::to_string(runtime::config::endpoint{address.host, address.port});
}

} // namespace tutti::services::redis

#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <caf/expected.hpp>

namespace tutti::services::redis {

/// Where a server is, and as whom to log in.
struct server_address {
  std::string host; ///< name, IPv4 or IPv6 address (without brackets)
  std::uint16_t port = 6379;
  bool tls = false;
  std::string user;     ///< empty: the default user
  std::string password; ///< secret
  std::uint32_t database = 0;
};

/// redis[s]://[[user]:password@]host[:port][/database]; user and password may be percent-encoded.
/// Errors: rejected; the words never repeat the URL.
caf::expected<server_address> parse_url(std::string_view url);

/// "host:port", for people.
std::string to_string(const server_address& address);

} // namespace tutti::services::redis

#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <caf/expected.hpp>

namespace tutti::services::websocket {

struct peer_address {
  bool tls = false;
  std::string host; ///< name, IPv4 or IPv6 address (without brackets)
  std::uint16_t port = 0;
  std::string authority; ///< for the Host header: as written
  std::string target;    ///< "/?v=10": path and query
};

/// ws[s]://host[:port][/path][?query]. Errors: rejected; the words never repeat the URL.
caf::expected<peer_address> parse_url(std::string_view url);

} // namespace tutti::services::websocket

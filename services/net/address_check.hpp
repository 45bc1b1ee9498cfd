#pragma once
#include <boost/asio/ip/address.hpp>

namespace tutti::services::net {

/// An ordinary address of the internet, as a URL from a user may lead to: not of this host, a private or
/// shared network, a link, a cloud's metadata, multicast, documentation or another special range (IANA's
/// registries of special-purpose addresses). IPv6 addresses with an IPv4 address within are judged by that.
bool is_public(const boost::asio::ip::address& where) noexcept;

} // namespace tutti::services::net

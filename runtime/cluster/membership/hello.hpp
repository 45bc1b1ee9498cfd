#pragma once
#include "runtime/cluster/membership/member.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <caf/expected.hpp>

/// What two nodes say to each other first: (hello, bytes, membership actor, router) both ways, as a CAF
/// request and its answer.
namespace tutti::runtime::cluster {

/// Protocols between nodes that this build speaks. Two nodes understand each other when their ranges meet.
inline constexpr std::uint64_t newest_protocol = 1;
inline constexpr std::uint64_t oldest_protocol = 1;

struct hello {
  std::string cluster;
  member_info node;
  std::int64_t lease_ttl_ms = 0; ///< leases are safe only when all nodes count alike
};
template <class F>
void fields(F& f, hello& x) {
  f("cluster", x.cluster);
  f("node", x.node);
  f("lease_ttl_ms", x.lease_ttl_ms);
}

/// The newest and the oldest protocol as numbers, then the struct.
std::string encode_hello(const hello& x, std::uint64_t newest = newest_protocol,
                         std::uint64_t oldest = oldest_protocol);
/// Errors: malformed, rejected (no common protocol).
caf::expected<hello> decode_hello(std::string_view bytes);

/// No error, or rejected with words that both sides log: they cannot be in one cluster.
caf::error check_hello(const hello& mine, const hello& theirs);

} // namespace tutti::runtime::cluster

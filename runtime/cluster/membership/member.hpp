#pragma once
#include "runtime/cluster/leases/lease.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::runtime::cluster {

enum class member_state : std::uint8_t {
  joining, ///< known, but it has no lease yet
  up,      ///< it has its lease: it may own partitions
  leaving, ///< draining: it keeps what it has until that has moved, and gets nothing new
  down     ///< its lease has ended, or an operator declared it dead
};
std::string_view to_string(member_state state) noexcept;

/// One life of a node, as it tells others.
struct member_info {
  std::string name;
  std::uint64_t incarnation = 0;
  std::string host;       ///< under which others reach it
  std::uint16_t port = 0; ///< node to node
  std::string http;       ///< "host:port" of its API
  std::vector<std::string> roles;
  std::string version; ///< of its build, for people

  lease_holder holder() const { return {name, incarnation}; }
  friend bool operator==(const member_info&, const member_info&) = default;
};
template <class F>
void fields(F& f, member_info& x) {
  f("name", x.name)("incarnation", x.incarnation)("host", x.host)("port", x.port)("http", x.http);
  f("roles", x.roles)("version", x.version);
}

/// What one node knows of another, or of itself.
struct member {
  member_info info;
  member_state state = member_state::joining;
  bool reachable = false;                      ///< connected, and answering pings
  std::chrono::system_clock::time_point since; ///< of the state
  std::string why;                             ///< of the state, for people: "its lease ended"
  friend bool operator==(const member&, const member&) = default;
};

} // namespace tutti::runtime::cluster

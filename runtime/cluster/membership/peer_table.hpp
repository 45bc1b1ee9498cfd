#pragma once
#include "runtime/cluster/membership/member.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>

namespace tutti::runtime::cluster {

/// A node that has said hello, over a connection that stands.
struct peer {
  member_info info;
  caf::actor membership; ///< of that node
  caf::actor router;
  std::chrono::steady_clock::time_point heard; ///< its latest answer to a ping
  bool reachable = true;
};

/// By name; few.
class peer_table {
public:
  peer* find(const std::string& name);
  peer* find(const caf::actor_addr& membership);
  peer& add(peer fresh) { return peers_[fresh.info.name] = std::move(fresh); }
  void remove(const std::string& name) { peers_.erase(name); }
  void clear() { peers_.clear(); }

  auto begin() { return peers_.begin(); }
  auto end() { return peers_.end(); }

private:
  std::map<std::string, peer> peers_;
};

/// For log lines that an outsider can cause: each text once a minute, and not too many texts.
class log_gate {
public:
  using time = std::chrono::steady_clock::time_point;
  bool opens(const std::string& text, time now);

private:
  std::map<std::string, time> last_;
};

} // namespace tutti::runtime::cluster

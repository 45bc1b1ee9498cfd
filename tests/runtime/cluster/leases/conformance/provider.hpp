#pragma once
#include "runtime/cluster/leases/held_lease.hpp"
#include "runtime/cluster/leases/store.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

/// What a lease provider shows to the conformance suite. A provider's test program lists the sources of
/// conformance.cmake and instantiates the suites LeaseStore and LeaseServer with one `provider`.
namespace tutti::tests::leases {

/// A server that can be ill-treated.
class lease_server {
public:
  virtual ~lease_server() = default;
  virtual void kill() = 0;
  virtual void start() = 0; ///< after kill(), with the same data
  virtual void freeze() = 0;
  virtual void thaw() = 0;
  /// Bytes of its log so far; 0 where a crash loses nothing.
  virtual std::size_t written() { return 0; }
  /// While it is stopped: takes them off the end of its log.
  virtual void lose_tail(std::size_t) {}
};

/// One store with nothing in it, and the world that it lives in. Ends all of it when it is destroyed.
class world {
public:
  virtual ~world() = default;
  virtual caf::actor_system& system() = 0;
  /// A store actor over this world's data, with a connection of its own.
  virtual caf::actor start_store() = 0;
  /// Virtual time: everything happens that can without time passing. Real time: a moment passes.
  virtual void settle() = 0;
  virtual void pass(std::chrono::microseconds duration) = 0;
  virtual std::shared_ptr<const runtime::cluster::lease_clock> clock() = 0;
  virtual lease_server* server() { return nullptr; }
};

struct provider {
  std::string name;
  /// Of leases in most tests; real servers run in real time, and slowly on a busy machine.
  std::chrono::milliseconds ttl;
  std::function<std::unique_ptr<world>(runtime::cluster::lease_store_options)> make;
};
inline void PrintTo(const provider& p, std::ostream* out) {
  *out << p.name;
}

} // namespace tutti::tests::leases

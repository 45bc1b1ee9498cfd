#pragma once
#include "runtime/jobs/observer.hpp"
#include "runtime/jobs/store_options.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

/// What a job provider shows to the conformance suite. A provider's test program lists the sources of
/// conformance.cmake and instantiates the suite JobStore with one `provider`; see memory_provider.cpp.
namespace tutti::tests::conformance {

/// One store with nothing in it, and the world that it lives in. Ends all of it when it is destroyed.
class world {
public:
  virtual ~world() = default;
  virtual caf::actor_system& system() = 0;
  /// A store actor over this world's data; also a second one after the first has ended.
  virtual caf::actor start_store() = 0;
  /// The wall clock that the store goes by.
  virtual runtime::jobs::unix_ms now() = 0;
  /// Virtual time: everything happens that can without time passing. Real time: a moment passes.
  virtual void settle() = 0;
  virtual void pass(std::chrono::microseconds duration) = 0;
  /// How late something may be that is due; real servers need more.
  virtual std::chrono::milliseconds slack() const = 0;
  /// Moves the wall clock alone; false where that cannot be done.
  virtual bool step_wall_clock(std::chrono::milliseconds) { return false; }
  /// Whether finished jobs beyond max_finished go before their retention is over.
  virtual bool evicts_early() const { return false; }
};

struct provider {
  std::string name;
  std::function<std::unique_ptr<world>(const runtime::jobs::store_options&, runtime::jobs::job_observer*)>
      make;
};
inline void PrintTo(const provider& p, std::ostream* out) {
  *out << p.name;
}

} // namespace tutti::tests::conformance

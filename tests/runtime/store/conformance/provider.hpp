#pragma once
#include "runtime/actor/metered.hpp"

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

/// What a provider of entity states shows to the conformance suite. A provider's test program lists the
/// sources of conformance.cmake and instantiates the suite EntityStore with one `provider`.
namespace tutti::tests::entities {

/// One store with nothing in it, and the actors that lead to it, in real time.
class world {
public:
  virtual ~world() = default;
  /// A store actor over this world's data, as one node has it.
  virtual caf::actor start_store() = 0;
  caf::actor_system& system() { return sys_; }

protected:
  using starter = std::function<caf::actor(caf::event_based_actor&, runtime::actor::placement)>;
  caf::actor start(const starter& how);
  /// First in a derived destructor: what the stores refer to ends after them.
  void end_stores();

private:
  struct config : caf::actor_system_config {
    config();
  };
  runtime::actor::actor_table table_{"n"};
  config config_;
  caf::actor_system sys_{config_};
  std::vector<caf::actor> stores_;
};

struct provider {
  std::string name;
  std::function<std::unique_ptr<world>()> make;
};
inline void PrintTo(const provider& p, std::ostream* out) {
  *out << p.name;
}

} // namespace tutti::tests::entities

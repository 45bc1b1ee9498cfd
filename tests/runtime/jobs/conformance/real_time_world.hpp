#pragma once
#include "runtime/actor/metered.hpp"
#include "tests/runtime/jobs/conformance/provider.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

namespace tutti::tests::conformance {

/// Store actors on threads, as a node has them.
class real_time_world : public world {
public:
  caf::actor_system& system() override { return system_; }
  runtime::jobs::unix_ms now() override;
  void settle() override { pass(std::chrono::microseconds{300}); }
  void pass(std::chrono::microseconds duration) override;
  std::chrono::milliseconds slack() const override { return std::chrono::milliseconds{600}; }

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
  caf::actor_system system_{config_};
  std::vector<caf::actor> stores_;
};

template <class World>
provider provided_by(std::string name) {
  return {std::move(name),
          [](const runtime::jobs::store_options& options, runtime::jobs::job_observer* observer)
              -> std::unique_ptr<world> { return std::make_unique<World>(options, observer); }};
}

} // namespace tutti::tests::conformance

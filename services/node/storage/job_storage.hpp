#pragma once
#include "actors/http_gateway/admission/health.hpp"
#include "runtime/actor/metered.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/jobs/observer.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::services::node {

/// Where a node keeps its jobs: the provider that the config names, with what it needs besides its actor.
/// Lives longer than the actors over it, but is ended before the actor system.
class job_storage {
public:
  virtual ~job_storage() = default;

  /// Waits until the provider can be used, or `patience` is over: a server that cannot be reached is waited
  /// for later. Throws std::runtime_error with clear words when the server is not one to work with.
  virtual void open(std::chrono::milliseconds patience) = 0;
  virtual caf::actor spawn(caf::event_based_actor& parent, runtime::actor::placement at) = 0;
  virtual std::map<std::string, actors::http_gateway::health_probe> probes() = 0;
  /// Jobs that end with this process.
  virtual std::uint64_t unfinished() const = 0;
};

std::unique_ptr<job_storage> make_job_storage(const runtime::config::settings& settings,
                                              const std::string& node,
                                              std::shared_ptr<runtime::jobs::job_observer> observer);

} // namespace tutti::services::node

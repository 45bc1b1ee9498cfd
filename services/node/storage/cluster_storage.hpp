#pragma once
#include "actors/http_gateway/admission/health.hpp"
#include "runtime/actor/metered.hpp"
#include "runtime/config/settings.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::services::node {

/// Where a node keeps leases, the states of its entities and feature flags: the providers that the config
/// names, with what they need besides their actors. Lives longer than the actors over it, but is ended before
/// the actor system.
class cluster_storage {
public:
  virtual ~cluster_storage() = default;

  /// As job_storage::open.
  virtual void open(std::chrono::milliseconds patience) = 0;
  /// Two lease stores with a connection each: renewals wait for nothing else. Not with coordination `memory`.
  virtual caf::actor spawn_keeper_leases(caf::event_based_actor& parent, runtime::actor::placement at) = 0;
  virtual caf::actor spawn_leases(caf::event_based_actor& parent, runtime::actor::placement at) = 0;
  virtual caf::actor spawn_entities(caf::event_based_actor& parent, runtime::actor::placement at) = 0;
  virtual caf::actor spawn_flags(caf::event_based_actor& parent, runtime::actor::placement at) = 0;
  virtual std::map<std::string, actors::http_gateway::health_probe> probes() = 0;
};

std::unique_ptr<cluster_storage> make_cluster_storage(const runtime::config::settings& settings,
                                                      const std::string& node);

} // namespace tutti::services::node

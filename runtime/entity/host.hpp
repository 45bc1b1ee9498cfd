#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/entity/directory.hpp"
#include "runtime/entity/entity_actor.hpp"
#include "runtime/store/entity_store.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <functional>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::runtime::entity {

struct host_options {
  std::string node;
  caf::actor store;  ///< see runtime/store/entity_store.hpp
  caf::actor router; ///< gets every table_changed; null: a node without others
  std::function<store::unix_ms()> wall_now = runtime::wall_now;
};

/// Starts the entities of one node and supervises them: one that fails starts again after a backoff, when a
/// message waits for it or its type is remembered. It is the host of runtime/cluster/placement/ownership.hpp.
/// When it ends all its entities do. `types`, `entities` and `metrics` must outlive it.
caf::actor spawn_entity_host(caf::event_based_actor& parent, actor::placement at, const entity_types& types,
                             std::shared_ptr<directory> entities, host_options options,
                             telemetry::metrics& metrics);

} // namespace tutti::runtime::entity

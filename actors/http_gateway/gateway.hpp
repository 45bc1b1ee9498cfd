#pragma once
#include "actors/http_gateway/admission/api.hpp"
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/membership/member.hpp"
#include "runtime/entity/entity_ref.hpp"
#include "runtime/entity/entity_type.hpp"
#include "runtime/jobs/job_types.hpp"
#include "runtime/store/flag_cache.hpp"
#include "runtime/telemetry/events.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <cstdint>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::actors::http_gateway {

/// The cluster as this node's gateway reaches it.
struct cluster_parts {
  std::string name;
  runtime::cluster::member_info self;
  const runtime::entity::entity_types* types = nullptr;
  std::shared_ptr<const runtime::entity::entity_refs> entities;
  caf::actor router;            ///< runtime/entity/remote/router.hpp
  caf::actor membership;        ///< null: this node is alone
  caf::actor coordinator;       ///< null: this node is alone
  std::uint32_t partitions = 0; ///< of each role
};

/// What the gateway works with; all but `store` and `flags` outlive it.
struct gateway_parts {
  caf::actor store; ///< the job port, runtime/jobs/store.hpp
  std::shared_ptr<const runtime::jobs::job_types> types;
  std::shared_ptr<health_board> health;
  runtime::telemetry::metrics* metrics = nullptr;
  runtime::telemetry::event_bus* events = nullptr;
  cluster_parts cluster;
  caf::actor flags; ///< the flag port by its keeper, runtime/store/flag_keeper.hpp
  std::shared_ptr<const runtime::store::flag_cache> flag_cache;
};

/// Answers the admitted requests of an HTTP server, and the questions of other nodes' gateways. The node is
/// ready (health_board) once it is a member that is up. Registers itself with `api`, which bounds how many
/// wait in its mailbox; what does not fit is answered 503.
caf::actor spawn_gateway(caf::event_based_actor& parent, runtime::actor::placement at,
                         std::shared_ptr<api> requests, gateway_parts parts);

} // namespace tutti::actors::http_gateway

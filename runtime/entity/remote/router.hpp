#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/leases/held_lease.hpp"
#include "runtime/entity/directory.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>

namespace tutti::runtime::entity {

/// CAF request → json_reply: a question to a node itself rather than to an entity, this one included. Errors:
/// unavailable (no connection to it, or it has no such service), timeout, or what the service answers.
struct ask_node {
  std::string node;
  std::string service;
  std::string payload;
  std::chrono::milliseconds timeout{1'000};
};
/// To a service of this node, as CAF request → json_reply.
struct node_question {
  std::string payload;
};
/// As a plain message to the own router: `to` answers the questions to this service. Ends with it.
struct serve_node {
  std::string service;
  caf::actor to;
};

/// The service that is told, as a plain look_at_table, when any node's coordinator has written the table.
inline constexpr char table_service[] = "table";

/// The one actor of a node that others send to: it keeps a link to each peer, delivers what comes, and tells
/// the directory who owns what. Gets table_changed, peer_up, peer_down and look_at_table, which it
/// passes on to all nodes; `types` must outlive it. For a second after a stop of this process, by `clock`,
/// what others ask is refused as unavailable: they may have given up long ago.
caf::actor spawn_router(caf::event_based_actor& parent, actor::placement at, const entity_types& types,
                        std::shared_ptr<directory> entities,
                        std::shared_ptr<const cluster::lease_clock> clock = cluster::lease_clock::boot());

} // namespace tutti::runtime::entity

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::ask_node)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::node_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::serve_node)

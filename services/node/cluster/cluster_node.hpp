#pragma once
#include "actors/http_gateway/gateway.hpp"
#include "runtime/actor/supervisor.hpp"
#include "runtime/config/load.hpp"
#include "runtime/entity/directory.hpp"
#include "runtime/entity/entity_ref.hpp"
#include "runtime/store/flag_cache.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "services/node/storage/cluster_storage.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <caf/fwd.hpp>

namespace tutti::services::node {

/// A node's share in the cluster: its entities, and with others its membership, leases and placement.
class cluster_node {
public:
  /// `http`: address of its API. `metrics` must outlive it. `refused` is called, from any thread, when the
  /// cluster does not take this node.
  cluster_node(const runtime::config::loaded& config, runtime::telemetry::metrics& metrics,
               std::function<void()> refused, std::string http);
  ~cluster_node();

  /// True: there may be other nodes.
  bool clustered() const noexcept { return clustered_; }
  /// Before the actor system is made. Throws std::runtime_error when the files of [cluster.tls] cannot be
  /// used.
  void configure(caf::actor_system_config& config) const;
  /// As job_storage::open.
  void open(std::chrono::milliseconds patience);
  /// When the actor system is there.
  void prepare(caf::actor_system& sys);

  /// For the stores supervisor.
  std::vector<runtime::actor::child_spec> stores();
  /// Router and host, then, with others, leases, membership and placement. In the order of their dependence.
  std::vector<runtime::actor::child_spec> supervisors();
  std::map<std::string, actors::http_gateway::health_probe> probes() { return storage_->probes(); }

  /// Once its children have started.
  actors::http_gateway::cluster_parts for_gateway() const;
  /// For the jobs supervisor, behind what makes `runner`: with others, what drains it while this node leaves.
  std::vector<runtime::actor::child_spec> with_runner(const caf::actor& runner);
  /// The flag port, by its keeper; once it has started.
  const caf::actor& flags() const { return flags_; }
  std::shared_ptr<const runtime::store::flag_cache> flag_cache() const { return flag_cache_; }
  /// Its partitions go to others, within the time; before its actors are stopped. False: not all.
  bool leave(caf::actor_system& sys, std::chrono::milliseconds patience);
  /// Ends what holds handles of actors, before the actor system ends.
  void release();

private:
  const runtime::config::loaded& config_;
  runtime::telemetry::metrics& metrics_;
  std::function<void()> refused_;
  bool clustered_;
  runtime::cluster::member_info self_;
  runtime::entity::entity_types types_;
  std::shared_ptr<runtime::entity::directory> entities_;
  std::shared_ptr<const runtime::entity::entity_refs> refs_;
  std::unique_ptr<cluster_storage> storage_;
  std::shared_ptr<runtime::store::flag_cache> flag_cache_;

  // Of the supervisors' threads; read by others when all have started.
  caf::actor entity_store_, flag_store_, flags_, keeper_leases_, leases_, router_, host_, keeper_,
      membership_, coordinator_, ownership_;
};

} // namespace tutti::services::node

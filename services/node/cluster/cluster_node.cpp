#include "services/node/cluster/cluster_node.hpp"

#include "runtime/cluster/leases/keeper.hpp"
#include "runtime/cluster/links/remoting.hpp"
#include "runtime/cluster/membership/membership.hpp"
#include "runtime/cluster/placement/coordinator.hpp"
#include "runtime/cluster/placement/ownership.hpp"
#include "runtime/cluster/placement/solo.hpp"
#include "runtime/cluster/tls/certificates.hpp"
#include "runtime/entity/host.hpp"
#include "runtime/entity/remote/router.hpp"
#include "runtime/error.hpp"
#include "runtime/store/flag_keeper.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/trace.hpp"
#include "runtime/wall_clock.hpp"
#include "services/node/cluster/drain_watch.hpp"
#include "services/node/cluster/entity_types.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

namespace tutti::services::node {
namespace {

using namespace runtime;
using actor::child_spec;
using actor::placement;
using actor::supervisor_spec;
using std::chrono::milliseconds;

static_assert(config::max_placed == cluster::max_table_entries);

constexpr milliseconds plan_patience{1'000};
constexpr milliseconds look_again{20};
constexpr milliseconds plan_again{500};

child_spec spec(std::string name, std::function<caf::actor(caf::event_based_actor*, placement)> start) {
  child_spec out;
  out.name = std::move(name);
  out.start = std::move(start);
  return out;
}

cluster::member_info own_info(const config::node_settings& node) {
  cluster::member_info out;
  out.name = node.name;
  out.incarnation = std::max<std::uint64_t>(telemetry::random_bits() >> 1U, 1);
  out.host = node.host;
  out.port = node.port;
  for (auto r : node.roles)
    out.roles.emplace_back(config::to_string(r));
  out.version = TUTTI_VERSION;
  return out;
}

/// How many of the node's partitions no other node may own; nothing, when the coordinator cannot say.
std::optional<std::size_t> count_staying(caf::scoped_actor& self, const caf::actor& coordinator,
                                         const std::string& node, milliseconds patience) {
  std::optional<std::size_t> out;
  self->request(coordinator, patience, cluster::plan_drain{node})
      .receive(
          [&](const cluster::drain_plan& plan) {
            out = 0;
            for (auto& share : plan.shares)
              *out += share.to.empty() ? share.partitions : 0;
          },
          [](const caf::error& reason) {
            telemetry::get().warn("node.no_plan_to_leave reason={}", runtime::describe(reason));
          });
  return out;
}

} // namespace

cluster_node::cluster_node(const config::loaded& config, telemetry::metrics& metrics,
                           std::function<void()> refused, std::string http)
    : config_(config), metrics_(metrics), refused_(std::move(refused)),
      clustered_(config.settings.cluster.coordination != config::provider::memory),
      self_(own_info(config.node)), storage_(make_cluster_storage(config.settings, config.node.name)),
      flag_cache_(std::make_shared<store::flag_cache>(metrics)) {
  self_.http = std::move(http);
  add_entity_types(types_);
  entities_ = std::make_shared<entity::directory>(types_, config.settings.cluster.partitions);
}

cluster_node::~cluster_node() = default;

void cluster_node::configure(caf::actor_system_config& config) const {
  if (!clustered_)
    return;
  auto& tls = config_.settings.cluster.tls;
  if (tls.mode == config::tls_mode::on)
    for (auto& wrong : cluster::check_certificates(tls, self_.name))
      throw std::runtime_error(wrong);
  cluster::configure_remoting(config);
}

void cluster_node::open(milliseconds patience) {
  storage_->open(patience);
}

void cluster_node::prepare(caf::actor_system& sys) {
  refs_ = std::make_shared<const entity::entity_refs>(sys, types_, entities_);
}

std::vector<child_spec> cluster_node::stores() {
  std::vector<child_spec> out;
  out.push_back(spec("entities", [this](caf::event_based_actor* parent, placement at) {
    return entity_store_ = storage_->spawn_entities(*parent, std::move(at));
  }));
  out.push_back(spec("flag-store", [this](caf::event_based_actor* parent, placement at) {
    return flag_store_ = storage_->spawn_flags(*parent, std::move(at));
  }));
  out.push_back(spec("flags", [this](caf::event_based_actor* parent, placement at) {
    return flags_ = store::spawn_flag_keeper(*parent, std::move(at), flag_store_, flag_cache_);
  }));
  if (!clustered_)
    return out;
  out.push_back(spec("leases", [this](caf::event_based_actor* parent, placement at) {
    return leases_ = storage_->spawn_leases(*parent, std::move(at));
  }));
  out.push_back(spec("keeper-leases", [this](caf::event_based_actor* parent, placement at) {
    return keeper_leases_ = storage_->spawn_keeper_leases(*parent, std::move(at));
  }));
  return out;
}

std::vector<child_spec> cluster_node::supervisors() {
  auto& s = config_.settings.cluster;
  std::vector<child_spec> entity_children, cluster_children;
  entity_children.push_back(spec("router", [this](caf::event_based_actor* parent, placement at) {
    return router_ = entity::spawn_router(*parent, std::move(at), types_, entities_);
  }));
  entity_children.push_back(spec("host", [this](caf::event_based_actor* parent, placement at) {
    return host_ = entity::spawn_entity_host(*parent, std::move(at), types_, entities_,
                                             {self_.name, entity_store_, router_}, metrics_);
  }));
  std::vector<child_spec> out;
  out.push_back(supervisor_spec("entities", std::move(entity_children), {.max_restarts = 0}));
  if (!clustered_) {
    cluster_children.push_back(spec("solo", [this, &s](caf::event_based_actor* parent, placement at) {
      auto roles = types_.roles();
      std::erase_if(roles, [this](auto& role) {
        return std::find(self_.roles.begin(), self_.roles.end(), role) == self_.roles.end();
      });
      auto now = runtime::wall_time().count();
      return cluster::spawn_solo_owner(*parent, std::move(at), host_, entity_store_,
                                       {roles.begin(), roles.end()}, s.partitions,
                                       static_cast<std::uint64_t>(now));
    }));
    out.push_back(supervisor_spec("cluster", std::move(cluster_children), {.max_restarts = 0}));
    return out;
  }
  cluster_children.push_back(spec("keeper", [this, &s](caf::event_based_actor* parent, placement at) {
    return keeper_ = cluster::spawn_lease_keeper(*parent, std::move(at), keeper_leases_,
                                                 {self_.holder(), {s.lease_ttl}}, metrics_);
  }));
  cluster_children.push_back(spec("membership", [this, &s](caf::event_based_actor* parent, placement at) {
    cluster::membership_options o;
    o.self = self_;
    o.cluster = s.name;
    o.addresses = s.seeds;
    for (auto& n : config_.settings.nodes)
      o.addresses.push_back({n.host, n.port});
    o.router = router_;
    o.leases = leases_;
    o.keeper = keeper_;
    o.lease_ttl = s.lease_ttl;
    o.tls = s.tls;
    membership_ = cluster::spawn_membership(*parent, std::move(at), std::move(o));
    membership_->attach_functor([this](const caf::error& reason) {
      if (!is(reason, ec::rejected))
        return;
      telemetry::get().error("node.refused reason={}", words(reason));
      refused_();
    });
    caf::send_as(router_, membership_, cluster::subscribe_members{});
    return membership_;
  }));
  cluster_children.push_back(spec("coordinator", [this, &s](caf::event_based_actor* parent, placement at) {
    return coordinator_ =
               cluster::spawn_coordinator(*parent, std::move(at), {leases_, keeper_, membership_, router_},
                                          {self_.holder(), s.partitions, types_.roles(), {s.lease_ttl}});
  }));
  cluster_children.push_back(spec("ownership", [this, &s](caf::event_based_actor* parent, placement at) {
    ownership_ =
        cluster::spawn_ownership(*parent, std::move(at), {leases_, keeper_, entity_store_, host_, router_},
                                 {self_.holder(), {s.lease_ttl}}, metrics_);
    parent->send(router_, entity::serve_node{entity::table_service, ownership_});
    return ownership_;
  }));
  out.push_back(supervisor_spec("cluster", std::move(cluster_children), {.max_restarts = 0}));
  return out;
}

std::vector<child_spec> cluster_node::with_runner(const caf::actor& runner) {
  std::vector<child_spec> out;
  if (clustered_)
    out.push_back(spec("drain", [this, &runner](caf::event_based_actor* parent, placement at) {
      return spawn_drain_watch(*parent, std::move(at), membership_, runner, self_.holder(),
                               config_.settings.shutdown.deadline);
    }));
  return out;
}

actors::http_gateway::cluster_parts cluster_node::for_gateway() const {
  return {config_.settings.cluster.name,      self_, &types_, refs_, router_, membership_, coordinator_,
          config_.settings.cluster.partitions};
}

bool cluster_node::leave(caf::actor_system& sys, milliseconds patience) {
  if (!membership_)
    return true;
  using clock = std::chrono::steady_clock;
  auto until = clock::now() + patience;
  caf::scoped_actor self{sys};
  auto staying = count_staying(self, coordinator_, self_.name, std::min(patience, plan_patience));
  if (!staying)
    return false;
  self->send(membership_, cluster::set_leaving{});
  auto plan_next = clock::now() + plan_again;
  while (entities_->open_partitions() > *staying && clock::now() < until) {
    self->receive([](caf::ok_atom) {}, caf::after(look_again) >> [] {});
    if (clock::now() < plan_next)
      continue;
    // When all leave at a time there is nobody left to wait for.
    if (auto now = count_staying(self, coordinator_, self_.name, plan_patience))
      staying = now;
    plan_next = clock::now() + plan_again;
  }
  return entities_->open_partitions() <= *staying;
}

void cluster_node::release() {
  for (auto a : {&entity_store_, &flag_store_, &flags_, &keeper_leases_, &leases_, &router_, &host_, &keeper_,
                 &membership_, &coordinator_, &ownership_})
    *a = nullptr;
  refs_.reset();
  entities_.reset();
  storage_.reset();
}

} // namespace tutti::services::node

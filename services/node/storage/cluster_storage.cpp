#include "services/node/storage/cluster_storage.hpp"

#include "runtime/cluster/leases/memory/store.hpp"
#include "runtime/store/memory/flag_store.hpp"
#include "runtime/store/memory/store.hpp"
#include "runtime/wall_clock.hpp"
#include "services/net/io_thread.hpp"
#include "services/node/storage/servers.hpp"
#include "services/postgres_entities/store.hpp"
#include "services/postgres_flags/store.hpp"
#include "services/postgres_leases/store.hpp"
#include "services/redis_leases/store.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::node {
namespace {

using namespace runtime;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// One of the two halves: leases, or entity states and flags.
class storage_part {
public:
  virtual ~storage_part() = default;
  virtual void open(steady_clock::time_point until) = 0;
  /// `first`: leases for the keeper, or entity states.
  virtual caf::actor spawn(caf::event_based_actor& parent, actor::placement at, bool first) = 0;
  virtual void add_probes(std::map<std::string, actors::http_gateway::health_probe>& out) = 0;
};

class memory_leases final : public storage_part {
public:
  explicit memory_leases(milliseconds ttl) : kept_(std::make_shared<cluster::memory::lease_book>(ttl)) {}

  void open(steady_clock::time_point) override {}
  caf::actor spawn(caf::event_based_actor& parent, actor::placement at, bool) override {
    return cluster::spawn_memory_lease_store(parent, std::move(at), kept_, wall_time);
  }
  void add_probes(std::map<std::string, actors::http_gateway::health_probe>&) override {}

private:
  std::shared_ptr<cluster::memory::lease_book> kept_;
};

class redis_leases_part final : public storage_part {
public:
  redis_leases_part(const config::settings& s, const std::string& node)
      : options_{s.cluster.lease_ttl}, keeper_(io_.context(), options(s, "tutti-" + node + "-leases")),
        reader_(io_.context(), options(s, "tutti-" + node + "-cluster")) {}

  void open(steady_clock::time_point until) override { wait_for(keeper_, until); }
  caf::actor spawn(caf::event_based_actor& parent, actor::placement at, bool first) override {
    return redis_leases::spawn_redis_lease_store(parent, std::move(at), first ? keeper_ : reader_, options_);
  }
  void add_probes(std::map<std::string, actors::http_gateway::health_probe>& out) override {
    out["coordination"] = probe(keeper_, false);
  }

private:
  static redis::client_options options(const config::settings& s, std::string name) {
    auto out = redis_options(s, std::move(name));
    // To connect and log in takes two round trips: over a slow link more than a call may take.
    out.connect_timeout = std::max<std::chrono::milliseconds>(s.cluster.lease_ttl / 5, std::chrono::seconds{1});
    return out;
  }

  cluster::lease_store_options options_;
  net::io_thread io_{"tutti.leases"};
  redis::client keeper_, reader_;
};

class postgres_leases_part final : public storage_part {
public:
  explicit postgres_leases_part(const config::settings& s)
      : options_{s.cluster.lease_ttl},
        keeper_(io_.context(), postgres_leases::pool_options(s.postgres.url, options_)),
        reader_(io_.context(), postgres_leases::pool_options(s.postgres.url, options_)) {}

  void open(steady_clock::time_point until) override { wait_for(keeper_, until); }
  caf::actor spawn(caf::event_based_actor& parent, actor::placement at, bool first) override {
    return postgres_leases::spawn_postgres_lease_store(parent, std::move(at), first ? keeper_ : reader_,
                                                       options_);
  }
  void add_probes(std::map<std::string, actors::http_gateway::health_probe>& out) override {
    out["coordination"] = probe(keeper_, false);
  }

private:
  cluster::lease_store_options options_;
  net::io_thread io_{"tutti.leases"};
  postgres::pool keeper_, reader_;
};

class memory_store final : public storage_part {
public:
  void open(steady_clock::time_point) override {}
  caf::actor spawn(caf::event_based_actor& parent, actor::placement at, bool first) override {
    return first ? store::spawn_memory_entity_store(parent, std::move(at), entities_)
                 : store::spawn_memory_flag_store(parent, std::move(at), flags_);
  }
  void add_probes(std::map<std::string, actors::http_gateway::health_probe>&) override {}

private:
  std::shared_ptr<store::memory::entity_book> entities_ = std::make_shared<store::memory::entity_book>();
  std::shared_ptr<store::memory::flag_book> flags_ = std::make_shared<store::memory::flag_book>();
};

class postgres_store final : public storage_part {
public:
  explicit postgres_store(const config::settings& s) : pool_(io_.context(), postgres_options(s)) {}

  void open(steady_clock::time_point until) override { wait_for(pool_, until); }
  caf::actor spawn(caf::event_based_actor& parent, actor::placement at, bool first) override {
    return first ? postgres_entities::spawn_postgres_entity_store(parent, std::move(at), pool_)
                 : postgres_flags::spawn_postgres_flag_store(parent, std::move(at), pool_);
  }
  void add_probes(std::map<std::string, actors::http_gateway::health_probe>& out) override {
    out["store"] = probe(pool_, false);
  }

private:
  net::io_thread io_{"tutti.store"};
  postgres::pool pool_;
};

class both final : public cluster_storage {
public:
  both(std::unique_ptr<storage_part> leases, std::unique_ptr<storage_part> store)
      : leases_(std::move(leases)), store_(std::move(store)) {}

  void open(milliseconds patience) override {
    auto until = steady_clock::now() + patience;
    leases_->open(until);
    store_->open(until);
  }
  caf::actor spawn_keeper_leases(caf::event_based_actor& parent, actor::placement at) override {
    return leases_->spawn(parent, std::move(at), true);
  }
  caf::actor spawn_leases(caf::event_based_actor& parent, actor::placement at) override {
    return leases_->spawn(parent, std::move(at), false);
  }
  caf::actor spawn_entities(caf::event_based_actor& parent, actor::placement at) override {
    return store_->spawn(parent, std::move(at), true);
  }
  caf::actor spawn_flags(caf::event_based_actor& parent, actor::placement at) override {
    return store_->spawn(parent, std::move(at), false);
  }
  std::map<std::string, actors::http_gateway::health_probe> probes() override {
    std::map<std::string, actors::http_gateway::health_probe> out;
    leases_->add_probes(out);
    store_->add_probes(out);
    return out;
  }

private:
  std::unique_ptr<storage_part> leases_, store_;
};

std::unique_ptr<storage_part> make_leases(const config::settings& s, const std::string& node) {
  if (s.cluster.coordination == config::provider::redis)
    return std::make_unique<redis_leases_part>(s, node);
  if (s.cluster.coordination == config::provider::postgres)
    return std::make_unique<postgres_leases_part>(s);
  return std::make_unique<memory_leases>(s.cluster.lease_ttl);
}

} // namespace

std::unique_ptr<cluster_storage> make_cluster_storage(const config::settings& s, const std::string& node) {
  std::unique_ptr<storage_part> store;
  if (s.store.provider == config::store_provider::postgres)
    store = std::make_unique<postgres_store>(s);
  else
    store = std::make_unique<memory_store>();
  return std::make_unique<both>(make_leases(s, node), std::move(store));
}

} // namespace tutti::services::node

#pragma once
#include "services/net/io_thread.hpp"
#include "services/redis/client.hpp"
#include "services/redis/protocol/url.hpp"
#include "services/redis_leases/store.hpp"
#include "tests/runtime/cluster/membership/test_node.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tutti::tests::membership {

/// Lease stores on Redis for one node, each with a connection of its own. Outlives the node.
class redis_stores {
public:
  redis_stores(std::string url, std::chrono::milliseconds ttl) : url_(std::move(url)), options_{ttl} {}

  void serve(node_options& node) {
    node.store = starter();
    node.end_stores = [this] { clients_.clear(); };
  }

private:
  start_store starter() {
    return [this](caf::event_based_actor& parent, runtime::actor::placement at) {
      services::redis::client_options how;
      how.server = services::redis::parse_url(url_).value();
      how.key_prefix = "test:";
      how.connect_timeout = options_.call_timeout();
      how.ping_interval = options_.ttl;
      clients_.push_back(std::make_unique<services::redis::client>(io_.context(), how));
      return services::redis_leases::spawn_redis_lease_store(parent, std::move(at), *clients_.back(),
                                                             options_);
    };
  }

  std::string url_;
  lease_store_options options_;
  services::net::io_thread io_{"test-members"};
  std::vector<std::unique_ptr<services::redis::client>> clients_;
};

} // namespace tutti::tests::membership

#pragma once
#include "runtime/cluster/leases/keeper.hpp"
#include "runtime/cluster/leases/memory/book.hpp"
#include "runtime/cluster/membership/membership.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

namespace tutti::tests::membership {

using namespace runtime::cluster;
using namespace std::chrono_literals;
using runtime::config::endpoint;

/// Waits until `condition` holds; false when it did not in time.
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience = 20s);

/// Leases that several actor systems of this process share.
struct shared_leases {
  explicit shared_leases(std::chrono::milliseconds ttl) : book(ttl) {}
  std::mutex lock;
  memory::lease_book book;
};
using start_store = std::function<caf::actor(caf::event_based_actor&, runtime::actor::placement)>;
start_store stores_of(std::shared_ptr<shared_leases> leases);

struct node_options {
  std::string name = "a";
  std::uint64_t incarnation = 1;
  std::uint16_t port = 0;
  std::vector<endpoint> addresses{};
  start_store store;
  std::string cluster = "test";
  std::chrono::milliseconds ttl = 1s;
  runtime::config::tls_settings tls{runtime::config::tls_mode::off, {}, {}, {}};
};

/// What the subscriber of a node has been told.
struct record {
  std::mutex lock;
  std::vector<member> members;
  std::vector<std::string> events; ///< "up b 2", "down b 2"
  std::vector<caf::actor> routers;
  std::vector<std::chrono::steady_clock::time_point> downs;
  std::string ended; ///< why the membership actor did
};

/// A node that does nothing but be a member, with an actor system of its own.
class test_node {
public:
  explicit test_node(node_options options);
  ~test_node();
  test_node(const test_node&) = delete;
  test_node& operator=(const test_node&) = delete;

  std::uint16_t port(); ///< waits until it listens
  endpoint address() { return {"127.0.0.1", port()}; }
  std::optional<member> find(const std::string& name);
  bool sees(const std::string& name, member_state state, bool reachable);
  /// It and all of these are up, and it reaches them.
  bool sees_up(const std::vector<std::string>& names);
  std::vector<std::string> events();
  std::size_t count(const std::string& event);
  std::string ended();

  caf::actor_system& system() { return *system_; }
  const caf::actor& membership() const { return membership_; }
  record& seen() { return *record_; }

private:
  struct config : caf::actor_system_config {
    config();
  };
  runtime::telemetry::metrics metrics_;
  runtime::actor::actor_table table_;
  std::shared_ptr<record> record_ = std::make_shared<record>();
  config config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::actor root_, membership_;
  std::vector<caf::actor> others_;
};

} // namespace tutti::tests::membership

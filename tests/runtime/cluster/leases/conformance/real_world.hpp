#pragma once
#include "runtime/actor/metered.hpp"
#include "services/net/io_thread.hpp"
#include "tests/runtime/cluster/leases/conformance/provider.hpp"

#include <functional>
#include <future>
#include <thread>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

namespace tutti::tests::leases {

/// A world in real time; providers add their server and how a store is started.
class real_world : public world {
public:
  caf::actor_system& system() override { return sys_; }
  void settle() override {}
  void pass(std::chrono::microseconds duration) override { std::this_thread::sleep_for(duration); }
  std::shared_ptr<const runtime::cluster::lease_clock> clock() override {
    return runtime::cluster::lease_clock::boot();
  }

protected:
  using starter = std::function<caf::actor(caf::event_based_actor&, runtime::actor::placement)>;
  caf::actor start(const starter& how) {
    std::promise<caf::actor> made;
    sys_.spawn([&](caf::event_based_actor* self) {
      made.set_value(how(*self, {&table_, "/n/leases", 0, {}}));
    });
    stores_.push_back(made.get_future().get());
    return stores_.back();
  }
  /// First in a derived destructor: what the stores refer to ends after them.
  void end_stores() {
    caf::scoped_actor waiting{sys_};
    for (auto& s : stores_) {
      caf::anon_send_exit(s, caf::exit_reason::kill);
      waiting->wait_for(s);
    }
    stores_.clear();
  }

  services::net::io_thread io{"test-leases"};

private:
  struct config : caf::actor_system_config {
    config() {
      set("scheduler.policy", caf::atom("sharing"));
      set("scheduler.max-threads", std::size_t{2});
    }
  };
  runtime::actor::actor_table table_{"n"};
  config config_;
  caf::actor_system sys_{config_};
  std::vector<caf::actor> stores_;
};

} // namespace tutti::tests::leases

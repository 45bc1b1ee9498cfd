#include "services/net/io_thread.hpp"
#include "services/redis_jobs/store.hpp"
#include "tests/runtime/jobs/conformance/job_store.hpp"
#include "tests/support/redis_server.hpp"

#include <future>
#include <memory>
#include <thread>

#include <caf/all.hpp>

namespace tutti::tests::conformance {
namespace {

/// A server of its own for each test, in real time.
class redis_world final : public world {
public:
  redis_world(const store_options& options, job_observer* observer)
      : options_(options), observer_(observer, [](job_observer*) {}) {}

  ~redis_world() override {
    for (auto& s : stores_)
      caf::anon_send_exit(s, caf::exit_reason::kill);
    stores_.clear();
    sys_.await_all_actors_done();
  }

  caf::actor_system& system() override { return sys_; }

  caf::actor start_store() override {
    std::promise<caf::actor> made;
    sys_.spawn([&](caf::event_based_actor* self) {
      made.set_value(services::redis_jobs::spawn_redis_store(*self, {&table_, "/n/store", 0, {}},
                                                             {commands_, mailbox_}, options_, observer_));
    });
    stores_.push_back(made.get_future().get());
    return stores_.back();
  }

  unix_ms now() override {
    auto t = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<milliseconds>(t).count();
  }
  void settle() override { std::this_thread::sleep_for(std::chrono::microseconds{1500}); }
  void pass(std::chrono::microseconds duration) override { std::this_thread::sleep_for(duration); }
  milliseconds slack() const override { return milliseconds{600}; }

private:
  struct config : caf::actor_system_config {
    config() {
      set("scheduler.policy", caf::atom("sharing"));
      set("scheduler.max-threads", std::size_t{4});
      set("scheduler.max-throughput", std::size_t{300});
    }
  };
  services::redis::client_options to_server() const {
    services::redis::client_options out;
    out.server = *services::redis::parse_url(server_.url());
    out.key_prefix = "t:";
    return out;
  }

  store_options options_;
  std::shared_ptr<job_observer> observer_;
  redis_server server_;
  runtime::actor::actor_table table_{"n"};
  config config_;
  caf::actor_system sys_{config_};
  services::net::io_thread io_{"redis"};
  services::redis::client commands_{io_.context(), to_server()};
  services::redis::client mailbox_{io_.context(), to_server()};
  std::vector<caf::actor> stores_;
};

provider redis() {
  return {"redis", [](const store_options& options, job_observer* observer) -> std::unique_ptr<world> {
            return std::make_unique<redis_world>(options, observer);
          }};
}

INSTANTIATE_TEST_SUITE_P(Redis, JobStore, testing::Values(redis()));

} // namespace
} // namespace tutti::tests::conformance

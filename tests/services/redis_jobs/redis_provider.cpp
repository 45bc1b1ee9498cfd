#include "services/net/io_thread.hpp"
#include "services/redis_jobs/store.hpp"
#include "tests/runtime/jobs/conformance/job_store.hpp"
#include "tests/runtime/jobs/conformance/real_time_world.hpp"
#include "tests/support/redis_server.hpp"

#include <memory>
#include <utility>

namespace tutti::tests::conformance {
namespace {

/// A server of its own for each test.
class redis_world final : public real_time_world {
public:
  redis_world(const store_options& options, job_observer* observer)
      : options_(options), observer_(observer, [](job_observer*) {}) {}
  ~redis_world() override { end_stores(); }

  caf::actor start_store() override {
    return start([this](auto& parent, auto at) {
      return services::redis_jobs::spawn_redis_store(parent, std::move(at), {commands_, mailbox_}, options_,
                                                     observer_);
    });
  }
  void settle() override { pass(std::chrono::microseconds{1500}); }

private:
  services::redis::client_options to_server() const {
    services::redis::client_options out;
    out.server = *services::redis::parse_url(server_.url());
    out.key_prefix = "t:";
    return out;
  }

  store_options options_;
  std::shared_ptr<job_observer> observer_;
  redis_server server_;
  services::net::io_thread io_{"redis"};
  services::redis::client commands_{io_.context(), to_server()};
  services::redis::client mailbox_{io_.context(), to_server()};
};

INSTANTIATE_TEST_SUITE_P(Redis, JobStore, testing::Values(provided_by<redis_world>("redis")));

} // namespace
} // namespace tutti::tests::conformance

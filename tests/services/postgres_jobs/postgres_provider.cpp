#include "tests/runtime/jobs/conformance/job_store.hpp"
#include "tests/services/postgres_jobs/database.hpp"

#include <thread>

#include <caf/all.hpp>

namespace tutti::tests::conformance {
namespace {

class postgres_world final : public world {
public:
  postgres_world(const store_options& options, job_observer* observer)
      : options_(options), observer_(observer, [](job_observer*) {}) {}

  ~postgres_world() override {
    for (auto& s : stores_)
      caf::anon_send_exit(s, caf::exit_reason::kill);
    stores_.clear();
    system_.await_all_actors_done(); // they use the pool
  }

  caf::actor_system& system() override { return system_; }
  caf::actor start_store() override {
    stores_.push_back(start_postgres_store(system_, table_, client_.pool, options_, observer_));
    return stores_.back();
  }
  unix_ms now() override {
    auto t = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<milliseconds>(t).count();
  }
  void settle() override { std::this_thread::sleep_for(std::chrono::microseconds{300}); }
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

  store_options options_;
  std::shared_ptr<job_observer> observer_;
  job_database database_{shared_postgres()};
  database_client client_{database_.url()};
  runtime::actor::actor_table table_{"n"};
  config config_;
  caf::actor_system system_{config_};
  std::vector<caf::actor> stores_;
};

provider postgres() {
  return {"postgres", [](const store_options& options, job_observer* observer) -> std::unique_ptr<world> {
            return std::make_unique<postgres_world>(options, observer);
          }};
}

INSTANTIATE_TEST_SUITE_P(Postgres, JobStore, testing::Values(postgres()));

} // namespace
} // namespace tutti::tests::conformance

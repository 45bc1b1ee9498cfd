#include "tests/runtime/jobs/conformance/job_store.hpp"
#include "tests/runtime/jobs/conformance/real_time_world.hpp"
#include "tests/services/postgres_jobs/database.hpp"

namespace tutti::tests::conformance {
namespace {

class postgres_world final : public real_time_world {
public:
  postgres_world(const store_options& options, job_observer* observer)
      : options_(options), observer_(observer, [](job_observer*) {}) {}
  ~postgres_world() override { end_stores(); }

  caf::actor start_store() override {
    return start([this](auto& parent, auto at) {
      return services::postgres_jobs::spawn_postgres_store(parent, std::move(at), client_.pool, options_,
                                                           observer_);
    });
  }

private:
  store_options options_;
  std::shared_ptr<job_observer> observer_;
  job_database database_{shared_postgres()};
  database_client client_{database_.url()};
};

INSTANTIATE_TEST_SUITE_P(Postgres, JobStore, testing::Values(provided_by<postgres_world>("postgres")));

} // namespace
} // namespace tutti::tests::conformance

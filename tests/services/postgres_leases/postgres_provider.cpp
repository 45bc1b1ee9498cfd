#include "services/postgres/migrations/migrations.hpp"
#include "services/postgres_leases/store.hpp"
#include "tests/runtime/cluster/leases/conformance/lease_store.hpp"
#include "tests/runtime/cluster/leases/conformance/real_world.hpp"
#include "tests/support/postgres_server.hpp"

#include <stdexcept>

namespace tutti::tests::leases {
namespace {

namespace pg = services::postgres;

class postgres_world final : public real_world, public lease_server {
public:
  explicit postgres_world(lease_store_options options) : options_(options) {
    pg::pool_options how;
    how.url = postgres_.url();
    pg::pool admin{io.context(), how};
    std::promise<pg::migrate_result> migrated;
    pg::migrate(admin, pg::migrations(), {}, [&](pg::migrate_result r) { migrated.set_value(std::move(r)); });
    if (auto result = migrated.get_future().get(); result.error)
      throw std::runtime_error(result.error->text);
    // Only processes die here, not their host, and many servers share a disk.
    for (auto* sql : {"ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"})
      if (auto done = run(sql); !done.ok())
        throw std::runtime_error(done.error->text);
  }
  ~postgres_world() override {
    end_stores();
    pools_.clear();
  }

  caf::actor start_store() override {
    auto how = services::postgres_leases::pool_options(postgres_.url(), options_);
    if (auto wrong = how.validate(); !wrong.empty())
      throw std::runtime_error(wrong);
    pools_.push_back(std::make_unique<pg::pool>(io.context(), how));
    return start([this](auto& parent, auto at) {
      return services::postgres_leases::spawn_postgres_lease_store(parent, std::move(at), *pools_.back(),
                                                                   options_);
    });
  }

  /// With a pool of its own.
  pg::answer run(std::string_view sql) {
    pg::pool_options how;
    how.url = postgres_.url();
    pg::pool pool{io.context(), how};
    std::promise<pg::answer> got;
    pool.run(pg::unit{}.add({"", sql}), [&](pg::answer a) { got.set_value(std::move(a)); });
    return got.get_future().get();
  }

  lease_server* server() override { return this; }
  void kill() override { postgres_.kill(); }
  void start() override { postgres_.start(); }
  void freeze() override { postgres_.freeze(); }
  void thaw() override { postgres_.thaw(); }

private:
  using real_world::start;

  lease_store_options options_;
  postgres_server postgres_;
  std::vector<std::unique_ptr<pg::pool>> pools_;
};

const auto postgres = testing::Values(provider{
    "postgres", 3s, [](lease_store_options options) { return std::make_unique<postgres_world>(options); }});
INSTANTIATE_TEST_SUITE_P(Postgres, LeaseStore, postgres);
INSTANTIATE_TEST_SUITE_P(Postgres, LeaseServer, postgres);

/// What only PostgreSQL has.
struct PostgresLeases : LeaseStore {
  pg::answer run(std::string_view sql) { return static_cast<postgres_world&>(here()).run(sql); }
};
INSTANTIATE_TEST_SUITE_P(Postgres, PostgresLeases, postgres);

TEST_P(PostgresLeases, GivenFenceOfAPartitionWhenItIsGrantedThenTheEpochIsGreater) {
  ASSERT_TRUE(run("INSERT INTO partition_fence VALUES ('shard', 17, 4000000000000000)").ok());
  auto a = node("a");
  EXPECT_EQ(granted(a, partition_lease("shard", 17)), 4'000'000'000'000'001);
  EXPECT_LT(granted(a, partition_lease("shard", 18)), 4'000'000'000'000'000);
  EXPECT_LT(granted(a, "partition/shard/17/x"), 4'000'000'000'000'000);
  EXPECT_LT(granted(a, "partition/shard/99999999999"), 4'000'000'000'000'000);
}

TEST_P(PostgresLeases, GivenTransactionThatHoldsTheLeasesWhenAskedThenAnErrorInTimeAndItHeals) {
  auto a = node("a");
  granted(a, "x");
  auto held = std::async(std::launch::async, [&] {
    return run("SELECT pg_sleep(1.5) FROM (SELECT FROM lease_clock FOR UPDATE) AS l");
  });
  answer<leases_acquired> got;
  ASSERT_TRUE(eventually([&] { return !bool(got = ask(a, {"y", 0, 0, ""})); }));
  EXPECT_TRUE(runtime::is(got.error, runtime::ec::unavailable)
              || runtime::is(got.error, runtime::ec::timeout))
      << runtime::describe(got.error);
  EXPECT_TRUE(held.get().ok());
  EXPECT_TRUE(eventually([&] { return bool(ask(a, {"y", 0, 0, ""})); }));
}

} // namespace
} // namespace tutti::tests::leases

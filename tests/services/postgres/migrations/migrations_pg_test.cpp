#include "services/postgres/migrations/migrations.hpp"
#include "tests/services/postgres/support.hpp"

#include <vector>

#include <gmock/gmock.h>

using namespace std::chrono_literals;
using namespace tutti::services::postgres;
using testing::HasSubstr;
using tutti::runtime::ec;
using tutti::tests::awaited;
using tutti::tests::Postgres;
using tutti::tests::words;

namespace {

struct Migrate : Postgres {
  migrate_result migrate_now(std::span<const migration> known, bool check = false) {
    if (!pool)
      open();
    awaited<migrate_result> got;
    migrate(*pool, known, {.check = check}, got.callback());
    return got.get();
  }
  migrate_result migrate_all() {
    auto got = migrate_now(migrations());
    if (got.error)
      ADD_FAILURE() << got.error->text;
    return got;
  }
};

TEST_F(Migrate, GivenEmptyDatabaseWhenMigratedTwiceThenAppliedOnce) {
  EXPECT_EQ(migrate_now(migrations(), true).migrations.size(), migrations().size());
  EXPECT_TRUE(
      run("SELECT to_regclass('schema_migration')::text").results.at(0)[0].is_null(0)); // check has changed
                                                                                        // nothing
  EXPECT_EQ(migrate_all().migrations.size(), migrations().size());
  EXPECT_EQ(migrate_all().migrations.size(), 0u);
  EXPECT_EQ(migrate_now(migrations(), true).migrations.size(), 0u);
  EXPECT_EQ(number("SELECT count(*) FROM schema_migration WHERE applied_at > 1000000000000"),
            static_cast<std::int64_t>(migrations().size()));
}

TEST_F(Migrate, GivenFourNodesWhenTheyMigrateAtOnceThenEachMigrationRunsOnce) {
  std::vector<std::unique_ptr<tutti::services::net::io_thread>> threads;
  std::vector<std::unique_ptr<tutti::services::postgres::pool>> pools;
  std::vector<awaited<migrate_result>> results(4);
  pool_options options;
  options.url = server.url();
  for (auto& r : results) {
    threads.push_back(std::make_unique<tutti::services::net::io_thread>("node"));
    pools.push_back(std::make_unique<tutti::services::postgres::pool>(threads.back()->context(), options));
    migrate(*pools.back(), migrations(), {}, r.callback());
  }
  std::size_t applied = 0;
  for (auto& r : results) {
    auto got = r.get();
    EXPECT_FALSE(got.error) << got.error->text;
    applied += got.migrations.size();
  }
  EXPECT_EQ(applied, migrations().size());
  pools.clear();
}

TEST_F(Migrate, GivenTamperedChecksumWhenMigratedThenRefused) {
  migrate_all();
  ASSERT_TRUE(run("UPDATE schema_migration SET checksum = 'x' WHERE version = 1").ok());
  for (bool check : {false, true}) {
    auto got = migrate_now(migrations(), check);
    EXPECT_EQ(got.error.value().code, ec::rejected);
    EXPECT_THAT(got.error->text, HasSubstr("was changed"));
  }
}

TEST_F(Migrate, GivenNewerDatabaseWhenMigratedThenRefused) {
  migrate_all();
  ASSERT_TRUE(run("INSERT INTO schema_migration VALUES (9999, '9999_future', 'x', 0)").ok());
  auto got = migrate_now(migrations());
  EXPECT_THAT(got.error.value().text, HasSubstr("newer than this binary"));
}

TEST_F(Migrate, GivenBrokenMigrationWhenMigratedThenThoseBeforeItStay) {
  std::vector<migration> three{{1, "0001_a", "a", "CREATE TABLE a (i int); INSERT INTO a VALUES (1)"},
                               {2, "0002_b", "b", "CREATE TABLE b (i int); SELECT 1/0"},
                               {3, "0003_c", "c", "CREATE TABLE c (i int)"}};
  auto got = migrate_now(three);
  EXPECT_THAT(got.error.value().text, HasSubstr("0002_b"));
  EXPECT_EQ(got.error->fate, fate::rolled_back);
  ASSERT_EQ(got.migrations.size(), 1u);
  EXPECT_EQ(number("SELECT count(*) FROM a"), 1);
  EXPECT_TRUE(run("SELECT to_regclass('b')::text").results.at(0)[0].is_null(0));
}

constexpr std::string_view insert_jobs =
    "INSERT INTO job (id, rank, due_at, created_at, max_attempts, timeout_ms, status, priority, body, type, "
    "queue, payload)"
    " SELECT gen_random_uuid(), i, i, i, 1, 1000, 1, 1, gen_random_uuid(), 't', 'default', '{}' FROM "
    "generate_series(1, $1::int) i";
constexpr std::string_view claim_jobs = "UPDATE job SET status = 2, token = greatest(token + 1, "
                                        "server_us()), attempt = attempt + 1 WHERE id IN (SELECT id FROM job"
                                        " WHERE queue = 'default' AND status = 1 AND NOT blocked ORDER BY "
                                        "rank, id LIMIT 10 FOR UPDATE SKIP LOCKED)"
                                        " RETURNING rank";

TEST_F(Migrate, GivenManyReadyJobsWhenClaimedThenByAnIndexScanAndInOrder) {
  migrate_all();
  ASSERT_TRUE(run(insert_jobs, 20'000).ok());
  ASSERT_TRUE(run("ANALYZE job").ok());
  auto explained = run(
      "EXPLAIN SELECT id FROM job WHERE queue = 'default' AND status = 1 AND NOT blocked ORDER BY rank, id"
      " LIMIT 10 FOR UPDATE SKIP LOCKED");
  std::string text;
  for (std::size_t i = 0; i < explained.results.at(0).size(); ++i)
    text += explained.results[0][i].get<std::string>(0) + "\n";
  EXPECT_THAT(text, testing::AllOf(HasSubstr("Index Scan using job_ready"), testing::Not(HasSubstr("Sort"))));
  auto first = begin();
  auto mine = first.run(claim_jobs);
  ASSERT_TRUE(mine.ok()) << words(mine);
  EXPECT_EQ(mine.results[0].size(), 10u);
  auto others = run(claim_jobs); // skips the first ten, which are locked
  std::vector<int> ranks;
  for (std::size_t i = 0; i < others.results.at(0).size(); ++i)
    ranks.push_back(others.results[0][i].get<int>(0));
  EXPECT_THAT(ranks, testing::UnorderedElementsAre(11, 12, 13, 14, 15, 16, 17, 18, 19, 20));
  EXPECT_TRUE(first.commit().ok());
}

TEST_F(Migrate, GivenJobsThatChangeWhenDepthsAreSummedThenTheyAreExact) {
  migrate_all();
  ASSERT_TRUE(run(insert_jobs, 100).ok());
  ASSERT_TRUE(run(claim_jobs).ok());
  ASSERT_TRUE(run("UPDATE job SET lease_until = 1").ok());
  ASSERT_TRUE(run("DELETE FROM job WHERE rank > 95").ok());
  auto depths = [&] {
    return run(
        "SELECT d.n = j.n FROM (SELECT status, sum(change) n FROM job_depth WHERE status < 7 GROUP BY 1) d"
        " FULL JOIN (SELECT status, count(*) n FROM job GROUP BY 1) j USING (status)");
  };
  for (int folded = 0; folded < 2; ++folded) {
    auto got = depths();
    ASSERT_EQ(got.results.at(0).size(), 2u);
    EXPECT_TRUE(got.results[0][0].get<bool>(0) && got.results[0][1].get<bool>(0));
    ASSERT_TRUE(run("SELECT job_tidy(100, 1000)").ok());
  }
  EXPECT_EQ(number("SELECT count(*) FROM job_depth WHERE status < 7"), 2);
}

TEST_F(Migrate, GivenLeaseRenewalsWhenThereIsRoomThenNoIndexIsTouched) {
  migrate_all();
  ASSERT_TRUE(run(insert_jobs, 100).ok());
  ASSERT_TRUE(run(claim_jobs).ok());
  auto hot = [&] {
    run("SELECT pg_stat_force_next_flush()");
    return number("SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'job'");
  };
  auto before = hot();
  ASSERT_TRUE(
      run("UPDATE job SET lease_until = lease_until + 1, progress = '{\"percent\":50}' WHERE status = 2")
          .ok());
  EXPECT_TRUE(tutti::tests::eventually([&] { return hot() == before + 10; }));
}

} // namespace

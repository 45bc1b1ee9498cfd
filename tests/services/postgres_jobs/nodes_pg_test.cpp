#include "tests/services/postgres_jobs/node.hpp"

#include <map>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace tutti::tests {
namespace {

using namespace runtime::jobs;
using namespace std::chrono_literals;

TEST(PostgresNodes, GivenTwoNodesWhenTheyShareOneDatabaseThenNoJobRunsTwiceAndKeysNeverOverlap) {
  job_database database{shared_postgres()};
  store_options options;
  options.claim_ttl_ms = 10000;
  job_node a{database.url(), "a", options, 20}, b{database.url(), "b", options, 20};
  ledger runs;
  a.serve(runs);
  b.serve(runs);
  std::size_t sent = 0;
  for (int batch = 0; batch < 20; ++batch) {
    std::vector<job_spec> jobs;
    for (int i = 0; i < 50; ++i)
      jobs.push_back(job_node::job(i % 2 ? "" : "key-" + std::to_string(i % 7)));
    sent += jobs.size();
    (batch % 2 ? a : b).submit(std::move(jobs));
  }
  ASSERT_TRUE(soon([&] { return runs.ended() == sent; }, 60s)) << runs.ended();
  EXPECT_FALSE(runs.overlapped());
  EXPECT_EQ(runs.most_of_a_job(), 1u);
  EXPECT_GT(runs.of_node("a"), 0u);
  EXPECT_GT(runs.of_node("b"), 0u);
}

TEST(PostgresNodes, GivenNodeThatIsLostWhenItHeldJobsThenTheyRunOnTheOther) {
  job_database database{shared_postgres()};
  store_options options;
  options.claim_ttl_ms = 3000;
  options.worker_deaths = 2;
  ledger runs;
  job_node lost{database.url_of("lost"), "lost", options, 10};
  lost.attach();
  std::vector<job_spec> jobs;
  for (int i = 0; i < 10; ++i)
    jobs.push_back(job_node::job(""));
  lost.submit(std::move(jobs));
  ASSERT_TRUE(soon([&] { return lost.claimed() == 10; }));
  database.shut_out("lost");
  job_node other{database.url(), "other", options, 10};
  other.serve(runs);
  ASSERT_TRUE(soon([&] { return runs.ended() == 10; }, 30s)) << runs.ended();
  database_client look{database.url(), 1};
  EXPECT_EQ(look.number("SELECT count(*) FROM job WHERE worker_deaths = 1"), 10) << "its node died";
  EXPECT_EQ(look.number("SELECT count(*) FROM job_attempt WHERE outcome = 'lost' AND node = 'lost'"), 10);
}

TEST(PostgresNodes, GivenScheduleWhenTwoNodesWatchItThenEachRunIsFiredOnce) {
  job_database database{shared_postgres()};
  store_options options;
  job_node a{database.url(), "a", options, 10}, b{database.url(), "b", options, 10};
  ledger runs;
  a.serve(runs);
  b.serve(runs);
  schedule_spec spec;
  spec.name = "s";
  spec.job = job_node::job("");
  spec.interval_ms = 1000;
  auto placed = a.ask<schedule_view>(put_schedule{spec});
  ASSERT_TRUE(placed);
  ASSERT_TRUE(soon([&] { return runs.ended() >= 3; }, 10s));
  auto all = b.ask<std::vector<schedule_view>>(list_schedules{});
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 1u);
  database_client look{database.url(), 1};
  auto fired = look.number("SELECT fired FROM schedule");
  EXPECT_LE(look.number("SELECT count(*) FROM job"), fired + 1);
  EXPECT_LE(fired, (look.number("SELECT server_ms()") - placed->created_at) / 1000);
}

TEST(PostgresNodes, GivenJobOfAnotherNodeWhenCancelledThenItsWorkerIsTold) {
  job_database database{shared_postgres()};
  job_node a{database.url(), "a", {}, 1}, b{database.url(), "b", {}, 1};
  a.attach();
  auto spec = job_node::job("");
  a.submit({spec});
  ASSERT_TRUE(soon([&] { return a.claimed() == 1; }));
  auto done = b.ask<cancel_result>(cancel_job{spec.id});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->outcome, cancelled::requested);
  EXPECT_TRUE(soon([&] { return a.told_to_cancel() == 1; }, 5s));
}

} // namespace
} // namespace tutti::tests

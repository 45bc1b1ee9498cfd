#include "runtime/error.hpp"
#include "tests/services/postgres_jobs/node.hpp"

#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace tutti::tests {
namespace {

using namespace runtime::jobs;
using namespace std::chrono_literals;

/// A server of its own, since it is killed.
struct PostgresJobFaults : testing::Test {
  PostgresJobFaults() {
    options.claim_ttl_ms = 60000; // longer than any outage here
    node = std::make_unique<job_node>(database.url(), "a", options, 16);
  }
  submit_result submit_one(job_spec spec) {
    auto before = node->submitted().size();
    node->submit({std::move(spec)});
    EXPECT_TRUE(soon([&] { return node->submitted().size() > before; })) << "a submission without an answer";
    auto all = node->submitted();
    return all.size() > before ? all.back() : submit_result{};
  }

  /// Its killed processes may hold the shared memory a moment longer, and it refuses to start beside them.
  bool started() {
    try {
      server.start();
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

  postgres_server server;
  job_database database{server, true};
  store_options options;
  std::unique_ptr<job_node> node;
};

TEST_F(PostgresJobFaults,
       GivenServerKilledAmidSubmissionsWhenItIsBackThenNothingAcknowledgedIsLostAndNoKeyHasTwoJobs) {
  std::map<std::string, job_id> acknowledged;
  std::atomic<bool> submitting{true};
  std::jthread caller{[&] {
    for (int i = 0; i < 400; ++i) {
      auto key = "k" + std::to_string(i);
      for (auto until = std::chrono::steady_clock::now() + 60s; std::chrono::steady_clock::now() < until;) {
        auto spec = job_node::job("");
        spec.idempotency_key = key;
        spec.body = {static_cast<std::uint64_t>(i), 1};
        auto got = submit_one(spec);
        if (got.outcome == submitted::accepted || got.outcome == submitted::duplicate) {
          acknowledged[key] = got.id;
          break;
        }
        EXPECT_EQ(got.outcome, submitted::unavailable);
        std::this_thread::sleep_for(10ms); // the caller's backoff
      }
    }
    submitting = false;
  }};
  std::size_t falls = 0;
  for (; falls < 2 && submitting; ++falls) {
    soon([&] { return node->submitted().size() > 50 * (falls + 1) || !submitting; });
    server.kill();
    ASSERT_TRUE(soon([&] { return started(); }));
  }
  caller.join();
  EXPECT_EQ(acknowledged.size(), 400u);
  EXPECT_EQ(falls, 2u) << "all was done before the server could fall";
  database_client look{database.url(), 1};
  EXPECT_EQ(look.number("SELECT count(*) FROM job"), 400);
  EXPECT_EQ(look.number("SELECT count(DISTINCT idempotency_key) FROM job"), 400);
  for (auto& [key, id] : acknowledged) {
    auto found = node->ask<job_view>(get_job{id});
    ASSERT_TRUE(found) << key;
    EXPECT_EQ(found->idempotency_key, key);
  }
}

TEST_F(PostgresJobFaults, GivenOutcomesWhenTheServerIsAwayThenTheyWaitAndAreRecorded) {
  std::vector<job_spec> jobs;
  std::set<job_id> ids;
  for (int i = 0; i < 8; ++i) {
    jobs.push_back(job_node::job("g")); // one after the other
    ids.insert(jobs.back().id);
  }
  node->submit(jobs);
  ASSERT_TRUE(soon([&] { return node->submitted().size() == jobs.size(); }));
  ledger runs;
  node->serve(runs);
  ASSERT_TRUE(soon([&] { return runs.ended() >= 2; }));
  server.kill();
  auto reached = runs.ended();
  EXPECT_EQ(submit_one(job_node::job("")).outcome, submitted::unavailable);
  auto asked = std::chrono::steady_clock::now();
  EXPECT_FALSE(node->ask<job_view>(get_job{jobs[0].id}));
  EXPECT_FALSE(node->ask<cancel_result>(cancel_job{jobs[0].id}));
  EXPECT_LT(std::chrono::steady_clock::now() - asked, 15s) << "requests wait for the server";
  ASSERT_TRUE(soon([&] { return started(); }));
  ASSERT_TRUE(soon([&] { return runs.ended() == ids.size(); }, 30s)) << reached << " then " << runs.ended();
  EXPECT_FALSE(runs.overlapped());
  EXPECT_EQ(runs.most_of_a_job(), 1u) << "no claim was lost by an outage shorter than its time";
  database_client look{database.url(), 1};
  EXPECT_TRUE(soon([&] { return look.number("SELECT count(*) FROM job WHERE status = 4") == 8; }));
}

TEST_F(PostgresJobFaults, GivenTextThatNoDatabaseHoldsWhenSubmittedThenOthersOfItsTransactionAreNotHurt) {
  auto odd = job_node::job("");
  odd.idempotency_key = std::string{"a\0b\xff", 4};
  auto long_key = job_node::job(std::string(100000, 'x')); // beyond what an index takes
  for (std::size_t i = 0; i < long_key.key.size(); ++i)
    long_key.key[i] = static_cast<char>('a' + (i * i + i / 7) % 26); // which does not compress away
  auto plain = job_node::job("");
  node->submit({odd});
  node->submit({long_key});
  node->submit({plain});
  ASSERT_TRUE(soon([&] { return node->submitted().size() == 3; }));
  EXPECT_TRUE(node->ask<job_view>(get_job{odd.id}));
  EXPECT_TRUE(node->ask<job_view>(get_job{plain.id}));
}

} // namespace
} // namespace tutti::tests

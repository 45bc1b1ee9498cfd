#include "tests/services/postgres/support.hpp"

#include <gmock/gmock.h>

using namespace std::chrono_literals;
using namespace tutti::services::postgres;
using testing::HasSubstr;
using tutti::runtime::ec;
using tutti::tests::awaited;
using tutti::tests::eventually;
using tutti::tests::Postgres;
using tutti::tests::words;

namespace {

struct PostgresTransaction : Postgres {
  void SetUp() override {
    ASSERT_TRUE(run("CREATE TABLE account (name text PRIMARY KEY, money bigint NOT NULL)").ok());
    ASSERT_TRUE(run("INSERT INTO account VALUES ('a', 10), ('b', 20)").ok());
  }
  std::int64_t money(std::string_view name) {
    return run("SELECT money FROM account WHERE name = $1", name).results.at(0)[0].get<std::int64_t>(0);
  }
};

TEST_F(PostgresTransaction, GivenReadAndDecisionWhenCommittedThenDurable) {
  auto t = begin();
  auto read =
      t.run("SELECT money FROM account WHERE name = 'a' FOR UPDATE").results.at(0)[0].get<std::int64_t>(0);
  EXPECT_TRUE(t.run(unit{}.add({"", "UPDATE account SET money = $1 WHERE name = 'a'"}, read + 5)).ok());
  EXPECT_EQ(money("a"), 10);
  EXPECT_TRUE(t.commit().ok());
  EXPECT_EQ(money("a"), 15);
  EXPECT_EQ(t.commit().error.value().code, ec::conflict);
  EXPECT_EQ(t.run("SELECT 1").error.value().code, ec::conflict);
}

TEST_F(PostgresTransaction, GivenFailedStepWhenCommittedThenRolledBackWithThatFailure) {
  auto t = begin();
  EXPECT_TRUE(t.run("UPDATE account SET money = 0").ok());
  EXPECT_EQ(t.run("INSERT INTO account VALUES ('a', 1)").error.value().sqlstate, "23505");
  EXPECT_EQ(t.run("SELECT 1").error.value().sqlstate, "23505");
  auto end = t.commit();
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error->sqlstate, "23505");
  EXPECT_EQ(end.error->fate, fate::rolled_back);
  EXPECT_EQ(money("a"), 10);
  EXPECT_EQ(pool->stats().leased, 0u);
}

TEST_F(PostgresTransaction, GivenFailingStepUnderWayWhenCommittedBehindItThenRolledBack) {
  auto t = begin();
  EXPECT_TRUE(t.run("UPDATE account SET money = 0").ok());
  awaited<answer> step, end;
  t.handle->run(unit{}.add({"", "INSERT INTO account VALUES ('a', 1)"}), step.callback());
  t.handle->commit(end.callback());
  EXPECT_EQ(step.get().error.value().sqlstate, "23505");
  EXPECT_EQ(end.get().error.value().sqlstate, "23505");
  EXPECT_EQ(money("a"), 10);
}

TEST_F(PostgresTransaction, GivenStepsWithTheSameNewStatementWhenPipelinedThenBothRun) {
  constexpr statement add_one{"add_one", "UPDATE account SET money = money + 1 WHERE name = 'a'"};
  auto t = begin();
  awaited<answer> first, second;
  t.handle->run(unit{}.add(add_one), first.callback());
  t.handle->run(unit{}.add(add_one), second.callback());
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
  EXPECT_TRUE(t.commit().ok());
  EXPECT_EQ(money("a"), 12);
}

TEST_F(PostgresTransaction, GivenHandleDroppedWhenNotCommittedThenRolledBackAndGivenBack) {
  {
    auto t = begin();
    EXPECT_TRUE(t.run("UPDATE account SET money = 0").ok());
  }
  EXPECT_TRUE(eventually([&] { return pool->stats().leased == 0; }));
  EXPECT_EQ(money("a"), 10);
  EXPECT_EQ(pool->stats().lost, 0u);
}

TEST_F(PostgresTransaction, GivenDeadlineWhenPassedThenRolledBackAndTheConnectionReplaced) {
  transaction_options options;
  options.deadline = 200ms;
  auto t = begin(options);
  EXPECT_TRUE(t.run("UPDATE account SET money = 0").ok());
  EXPECT_TRUE(eventually([&] { return pool->stats().lost == 1; }));
  auto end = t.commit();
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error->fate, fate::rolled_back);
  EXPECT_EQ(end.error->code, ec::timeout);
  EXPECT_EQ(money("a"), 10);
}

TEST_F(PostgresTransaction, GivenStatementTimeoutWhenPassedThenThatStepFails) {
  transaction_options options;
  options.statement_timeout = 100ms;
  auto t = begin(options);
  auto got = t.run("SELECT pg_sleep(600)");
  EXPECT_EQ(got.error.value().sqlstate, "57014");
  EXPECT_EQ(got.error->fate, fate::rolled_back);
  EXPECT_TRUE(t.rollback().ok());
  EXPECT_EQ(number("SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout'"), 30'000);
}

TEST_F(PostgresTransaction, GivenIdleTimeoutWhenPassedThenTheServerEndsIt) {
  transaction_options options;
  options.idle_timeout = 100ms;
  auto t = begin(options);
  EXPECT_TRUE(t.run("UPDATE account SET money = 0").ok());
  EXPECT_TRUE(eventually([&] { return pool->stats().lost == 1; }));
  EXPECT_EQ(t.commit().error.value().fate, fate::rolled_back);
  EXPECT_EQ(money("a"), 10);
}

TEST_F(PostgresTransaction, GivenLockedRowWhenLockTimeoutPassesThenUnavailable) {
  auto first = begin();
  ASSERT_TRUE(first.run("UPDATE account SET money = 1 WHERE name = 'a'").ok());
  transaction_options options;
  options.lock_timeout = 100ms;
  auto second = begin(options);
  auto got = second.run("UPDATE account SET money = 2 WHERE name = 'a'");
  EXPECT_EQ(got.error.value().sqlstate, "55P03");
  EXPECT_EQ(got.error->code, ec::unavailable);
  EXPECT_FALSE(got.error->retryable());
  EXPECT_TRUE(first.commit().ok());
  EXPECT_EQ(money("a"), 1);
}

TEST_F(PostgresTransaction, GivenReadOnlyWhenWrittenThenRefused) {
  transaction_options options;
  options.read_only = true;
  auto t = begin(options);
  EXPECT_EQ(t.run("UPDATE account SET money = 2").error.value().sqlstate, "25006");
}

TEST_F(PostgresTransaction, GivenSerializationFailureWhenRetriedThenSucceeds) {
  transaction_options options;
  options.isolation = isolation::serializable;
  std::atomic<int> attempts = 0;
  auto transfer = [&, options](answer_callback done) {
    pool->begin(options, [&, done](std::shared_ptr<transaction> t, std::optional<failure> why) {
      if (why) {
        done({{}, why});
        return;
      }
      t->run(unit{}.add({"", "SELECT sum(money) FROM account"}), [&, t, done](const answer& sum) {
        if (!sum.ok()) {
          done(sum);
          return;
        }
        auto write = [t, done] {
          t->run(unit{}.add({"", "UPDATE account SET money = money + 1 WHERE name = 'a'"}),
                 [](const answer&) {});
          t->commit(done);
        };
        if (++attempts > 1) {
          write();
          return;
        }
        // Somebody else writes in between, and commits first.
        pool->run(unit{}.add({"", "UPDATE account SET money = money + 100 WHERE name = 'a'"}),
                  [write](const answer& other) {
                    EXPECT_TRUE(other.ok()) << words(other);
                    write();
                  });
      });
    });
  };
  awaited<answer> got;
  pool->retry({}, transfer, got.callback());
  auto end = got.get();
  EXPECT_TRUE(end.ok()) << words(end);
  EXPECT_EQ(attempts, 2);
  EXPECT_EQ(money("a"), 111);
}

TEST_F(PostgresTransaction, GivenOnlySerializationFailuresWhenRetriedThenGivesUp) {
  std::atomic<int> attempts = 0;
  auto always = [&](answer_callback done) {
    ++attempts;
    pool->run(unit{}.add({"", "DO 'BEGIN RAISE SQLSTATE ''40001''; END'"}), std::move(done));
  };
  awaited<answer> got;
  retry_options options;
  options.attempts = 3;
  options.base = 1ms;
  pool->retry(options, always, got.callback());
  auto end = got.get();
  ASSERT_FALSE(end.ok());
  EXPECT_TRUE(end.error->retryable());
  EXPECT_EQ(attempts, 3);
}

TEST_F(PostgresTransaction, GivenPoolEndsWhenBegunThenEveryStepIsAnswered) {
  auto t = begin();
  awaited<answer> step;
  t.handle->run(unit{}.add({"", "SELECT pg_sleep(600)"}), step.callback());
  pool.reset();
  EXPECT_EQ(step.get().error.value().fate, fate::rolled_back);
  EXPECT_EQ(t.commit().error.value().fate, fate::rolled_back);
}

TEST_F(PostgresTransaction, GivenScriptWhenRunThenAllOfItOrNothing) {
  auto t = begin();
  awaited<answer> got, bad;
  t.handle->run_script("CREATE TABLE x (i int); INSERT INTO x VALUES (1); SELECT i FROM x", got.callback());
  auto results = got.get();
  ASSERT_TRUE(results.ok()) << words(results);
  EXPECT_EQ(results.results.at(2)[0].get<int>(0), 1);
  EXPECT_TRUE(t.run("INSERT INTO x VALUES (2)").ok());
  t.handle->run_script("INSERT INTO x VALUES (3); SELECT 1/0", bad.callback());
  EXPECT_EQ(bad.get().error.value().sqlstate, "22012");
  EXPECT_FALSE(t.commit().ok());
  EXPECT_TRUE(run("SELECT to_regclass('x')::text").results.at(0)[0].is_null(0));
}

TEST_F(PostgresTransaction, GivenStepBehindAScriptWhenSentThenRefusedAndAllIsRolledBack) {
  auto t = begin();
  awaited<answer> script, step, end;
  t.handle->run_script("UPDATE account SET money = 0; SELECT pg_sleep(0.1)", script.callback());
  t.handle->run(unit{}.add({"", "SELECT 1"}), step.callback());
  t.handle->commit(end.callback());
  EXPECT_THAT(step.get().error.value().text, HasSubstr("script"));
  EXPECT_EQ(end.get().error.value().fate, fate::rolled_back);
  EXPECT_EQ(script.get().error.value().fate, fate::rolled_back);
  EXPECT_EQ(money("a"), 10);
}

} // namespace

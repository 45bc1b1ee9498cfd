#include "services/postgres/actor_results.hpp"
#include "tests/services/postgres/support.hpp"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
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

struct PostgresPool : Postgres {
  static pool_options quick() {
    pool_options options;
    options.connections = 1;
    options.pipeline = 1;
    options.connect_timeout = 2s;
    options.queue_wait = 20s;
    options.unit_deadline = 20s;
    options.backoff_base = 20ms;
    options.backoff_max = 200ms;
    return options;
  }
  /// Runs, as soon as something of the pool is at work on the server.
  void when_sleeping(const std::function<void()>& then) {
    tutti::services::postgres::pool other{io.context(), [&] {
                                            auto options = quick();
                                            options.url = server.url();
                                            return options;
                                          }()};
    ASSERT_TRUE(eventually([&] {
      awaited<answer> got;
      other.run(unit{}.add({"", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"}),
                got.callback());
      return got.get().results.at(0)[0].get<int>(0) > 0;
    }));
    then();
  }
};

TEST_F(PostgresPool, GivenSleepingStatementWhenDeadlinePassesThenUnknownAndTheServerStopsIt) {
  open(quick());
  auto slow = unit{}.add({"", "SELECT pg_sleep(600)"});
  slow.deadline = 200ms;
  auto got = run(slow);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error->code, ec::timeout);
  EXPECT_EQ(got.error->fate, fate::unknown);
  EXPECT_EQ(number("SELECT 1"), 1);
  EXPECT_TRUE(eventually(
      [&] { return number("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == 0; }));
  EXPECT_EQ(pool->stats().unknown, 1u);
}

TEST_F(PostgresPool, GivenPipelinedUnitsWhenTheFirstRunsOutOfTimeThenAllAreUnknown) {
  auto options = quick();
  options.pipeline = 4;
  open(options);
  number("SELECT 1");
  auto slow = unit{}.add({"", "SELECT pg_sleep(600)"});
  slow.deadline = 300ms;
  awaited<answer> first, second;
  pool->run(slow, first.callback());
  pool->run(unit{}.add({"", "SELECT 1"}), second.callback());
  EXPECT_EQ(first.get().error.value().code, ec::timeout);
  auto behind = second.get();
  ASSERT_FALSE(behind.ok());
  EXPECT_EQ(behind.error->code, ec::unavailable);
  EXPECT_EQ(behind.error->fate, fate::unknown);
}

TEST_F(PostgresPool, GivenFrozenServerWhenAskedThenUnknownAndRecoversWhenThawed) {
  auto options = quick();
  options.connect_timeout = 300ms;
  open(options);
  number("SELECT 1");
  server.freeze();
  auto work = unit{}.add({"", "SELECT 1"});
  work.deadline = 300ms;
  EXPECT_EQ(run(work).error.value().fate, fate::unknown);
  auto late = run(work); // there is no connection now
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error->fate, fate::not_sent);
  EXPECT_EQ(late.error->code, ec::unavailable);
  EXPECT_TRUE(eventually([&] { return pool->stats().open_failures > 0; }));
  EXPECT_EQ(pool->stats().state, pool_state::down);
  server.thaw();
  EXPECT_EQ(number("SELECT 1"), 1);
  EXPECT_EQ(pool->stats().state, pool_state::up);
}

TEST_F(PostgresPool, GivenKilledServerWhenItIsBackThenRecoversByItself) {
  std::mutex guard;
  std::vector<pool_state> seen;
  auto options = quick();
  options.url = server.url();
  tutti::services::postgres::pool watched{io.context(), options, [&](pool_state s, const std::string&) {
                                            std::lock_guard lock{guard};
                                            seen.push_back(s);
                                          }};
  ASSERT_TRUE(eventually([&] { return watched.stats().state == pool_state::up; }));
  awaited<answer> asleep, waiting;
  watched.run(unit{}.add({"", "SELECT pg_sleep(600)"}), asleep.callback());
  when_sleeping([&] { server.kill(); });
  auto lost = asleep.get();
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error->fate, fate::unknown);
  EXPECT_EQ(lost.error->code, ec::unavailable);
  watched.run(unit{}.add({"", "SELECT 1"}), waiting.callback());
  EXPECT_TRUE(eventually([&] { return watched.stats().open_failures > 1; }));
  EXPECT_THAT(watched.stats().last_error, HasSubstr("refused"));
  server.start();
  EXPECT_TRUE(waiting.get().ok());
  std::lock_guard lock{guard};
  EXPECT_THAT(seen, testing::ElementsAre(pool_state::up, pool_state::down, pool_state::up));
}

TEST_F(PostgresPool, GivenTerminatedBackendWhenUnderWayThenUnknownAndReplaced) {
  open(quick());
  number("SELECT 1");
  awaited<answer> asleep;
  pool->run(unit{}.add({"", "SELECT pg_sleep(600)"}), asleep.callback());
  when_sleeping([&] {
    auto options = quick();
    options.url = server.url();
    tutti::services::postgres::pool admin{io.context(), options};
    awaited<answer> done;
    admin.run(
        unit{}.add(
            {"", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"}),
        done.callback());
    EXPECT_TRUE(done.get().ok());
  });
  auto got = asleep.get();
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error->sqlstate, "57P01");
  EXPECT_EQ(got.error->fate, fate::unknown);
  EXPECT_EQ(got.error->code, ec::unavailable);
  EXPECT_EQ(number("SELECT 1"), 1);
}

TEST_F(PostgresPool, GivenTerminatedBackendWhenIdleThenReplacedUnasked) {
  open(quick());
  auto pid = number("SELECT pg_backend_pid()");
  auto options = quick();
  options.url = server.url();
  tutti::services::postgres::pool admin{io.context(), options};
  awaited<answer> done;
  admin.run(unit{}.add({"", "SELECT pg_terminate_backend($1::int)"}, pid), done.callback());
  EXPECT_TRUE(done.get().ok());
  EXPECT_TRUE(eventually([&] { return pool->stats().opened == 2; }));
  EXPECT_THAT(pool->stats().last_error, HasSubstr("57P01"));
  EXPECT_NE(number("SELECT pg_backend_pid()"), pid);
}

TEST_F(PostgresPool, GivenAllConnectionsBusyWhenQueueWaitPassesThenUnavailable) {
  auto options = quick();
  options.queue_wait = 200ms;
  options.queue = 2;
  open(options);
  auto held = begin();
  ASSERT_FALSE(held.error);
  awaited<answer> first, second, third;
  pool->run(unit{}.add({"", "SELECT 1"}), first.callback());
  pool->run(unit{}.add({"", "SELECT 1"}), second.callback());
  pool->run(unit{}.add({"", "SELECT 1"}), third.callback());
  EXPECT_THAT(third.get().error.value().text, HasSubstr("2 units wait"));
  for (auto* one : {&first, &second}) {
    auto got = one->get();
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error->code, ec::unavailable);
    EXPECT_EQ(got.error->fate, fate::not_sent);
    EXPECT_THAT(got.error->text, HasSubstr("free in time"));
  }
  EXPECT_EQ(pool->stats().not_sent, 3u);
  EXPECT_TRUE(held.rollback().ok());
  EXPECT_EQ(number("SELECT 1"), 1);
}

TEST_F(PostgresPool, GivenLoadWhenNeededThenOpensUpToItsBound) {
  auto options = quick();
  options.connections = 3;
  open(options);
  std::vector<awaited<answer>> answers(12);
  for (auto& a : answers)
    pool->run(unit{}.add({"", "SELECT pg_backend_pid(), pg_sleep(0.05)"}), a.callback());
  std::set<int> backends;
  for (auto& a : answers) {
    auto got = a.get();
    ASSERT_TRUE(got.ok()) << words(got);
    backends.insert(got.results[0][0].get<int>(0));
  }
  EXPECT_GE(backends.size(), 2u);
  EXPECT_LE(backends.size(), 3u);
  EXPECT_LE(pool->stats().opened, 3u);
}

TEST_F(PostgresPool, GivenPingIntervalWhenIdleThenLatencyIsKnown) {
  auto options = quick();
  options.ping_interval = 20ms;
  open(options);
  EXPECT_TRUE(eventually([&] { return pool->stats().ping > 0us; }));
}

TEST_F(PostgresPool, GivenWorkWhenPoolEndsThenEachCallbackOnce) {
  auto& ending = open(quick());
  number("SELECT 1");
  awaited<answer> under_way, waiting;
  std::atomic<int> again = 0;
  ending.run(unit{}.add({"", "SELECT pg_sleep(600)"}), under_way.callback());
  ending.run(unit{}.add({"", "SELECT 1"}), [&, give = waiting.callback()](answer got) {
    ending.run(unit{}.add({"", "SELECT 1"}), [&](const answer& late) { again += late.ok() ? 100 : 1; });
    give(std::move(got));
  });
  when_sleeping([&] { pool.reset(); });
  EXPECT_EQ(again, 1);
  EXPECT_EQ(under_way.get().error.value().fate, fate::unknown);
  EXPECT_EQ(waiting.get().error.value().fate, fate::not_sent);
}

TEST_F(PostgresPool, GivenThrowingCallbackWhenAnsweredThenThePoolGoesOn) {
  open(quick());
  std::atomic<bool> called = false;
  pool->run(unit{}.add({"", "SELECT 1"}), [&](const answer&) {
    called = true;
    throw std::runtime_error("a bug");
  });
  EXPECT_EQ(number("SELECT 1"), 1);
  EXPECT_TRUE(called);
}

TEST_F(PostgresPool, GivenCallersOnManyThreadsWhenRunThenEachGetsItsOwn) {
  auto options = quick();
  options.connections = 3;
  options.pipeline = 4;
  open(options);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        awaited<answer> got;
        pool->run(unit{}.add({"echo", "SELECT $1::bigint"}, t * 1000 + i), got.callback());
        auto a = got.get();
        wrong += a.ok() && a.results[0][0].get<int>(0) == t * 1000 + i ? 0 : 1;
      }
    });
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(pool->stats().committed, 400u);
}

TEST_F(PostgresPool, GivenActorWhenItRunsUnitsThenAnswersCarryItsNumbers) {
  open(quick());
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  for (std::uint64_t call = 7; call < 9; ++call)
    run_for(*pool, self, call, unit{}.add({"", "SELECT $1::bigint"}, call * 10));
  for (std::uint64_t call = 7; call < 9; ++call)
    self->receive(
        [&](const unit_answered& got) {
          EXPECT_EQ(got.call, call);
          EXPECT_EQ(got.result.results.at(0)[0].get<std::uint64_t>(0), call * 10);
        },
        caf::after(tutti::tests::patience) >> [] { FAIL() << "no answer"; });
}

} // namespace

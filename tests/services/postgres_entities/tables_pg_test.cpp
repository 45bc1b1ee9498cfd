#include "tests/runtime/store/conformance/entity_store.hpp"
#include "tests/services/postgres_entities/postgres_world.hpp"

#include <poll.h>

namespace tutti::tests::entities {
namespace {

using runtime::ec;

struct EntityTables : EntityStore {
  postgres_world& at() { return static_cast<postgres_world&>(here()); }
};
INSTANTIATE_TEST_SUITE_P(Postgres, EntityTables,
                         testing::Values(provider{"postgres",
                                                  [] { return std::make_unique<postgres_world>(); }}));

TEST_P(EntityTables, GivenManyRequestsAtOnceWhenAnsweredThenTheyShareTransactions) {
  auto a = node();
  raise(a, 1, 10);
  std::vector<save_state> orders;
  std::vector<load_states> queries;
  for (int i = 0; i < 1000; ++i) {
    orders.push_back(order(std::to_string(i), 1, 10, 0));
    queries.push_back({{orders.back().name}});
  }
  auto before = at().pool().stats().committed;
  for (auto& got : ask_all<state_saved>(here().system(), a, orders))
    ASSERT_TRUE(got) << runtime::describe(got.error);
  auto between = at().pool().stats().committed;
  EXPECT_LT(between - before, 100u);
  for (auto& got : ask_all<states_loaded>(here().system(), a, queries))
    ASSERT_EQ(got->states.at(0).version, 1u);
  EXPECT_LT(at().pool().stats().committed - between, 100u);
}

TEST_P(EntityTables, GivenSavesWhenThereIsRoomThenNoIndexIsTouched) {
  auto a = node();
  raise(a, 1, 10);
  std::vector<save_state> orders;
  for (int i = 0; i < 20; ++i)
    orders.push_back(order(std::to_string(i), 1, 10, 0));
  for (auto& o : orders)
    o.wake_at = 1;
  ask_all<state_saved>(here().system(), a, orders);
  for (auto& o : orders) {
    o.version = 1;
    o.wake_at = 2; // a timer that was set anew
    o.id = 1;
  }
  ask_all<state_saved>(here().system(), a, orders);
  ASSERT_EQ(load(a, "7").version, 2u);
  // Its backend tells what it did when it ends.
  at().run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
           "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
  auto hot = [&] {
    return at().number("SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'entity_state'");
  };
  for (auto until = std::chrono::steady_clock::now() + 30s;
       hot() < 20 && std::chrono::steady_clock::now() < until; ::poll(nullptr, 0, 20)) {
  }
  EXPECT_EQ(hot(), 20);
}

TEST(EntityDatabase, GivenDatabaseThatWasNotMigratedWhenAskedThenUnavailable) {
  postgres_world bare{{}, false};
  auto a = bare.start_store();
  save_state save;
  save.name = {"player", "x"};
  save.role = role;
  save.epoch = save.id = 1;
  auto got = ask_all<state_saved>(bare.system(), a, std::vector{save});
  EXPECT_TRUE(runtime::is(got.at(0).error, ec::unavailable)) << runtime::describe(got.at(0).error);
  auto read = ask_all<states_loaded>(bare.system(), a, std::vector{load_states{{save.name}}});
  EXPECT_TRUE(runtime::is(read.at(0).error, ec::unavailable)) << runtime::describe(read.at(0).error);
}

} // namespace
} // namespace tutti::tests::entities

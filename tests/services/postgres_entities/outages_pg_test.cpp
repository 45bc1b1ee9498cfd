#include "tests/runtime/store/conformance/entity_store.hpp"
#include "tests/services/postgres_entities/postgres_world.hpp"

#include <future>

#include <poll.h>

namespace tutti::tests::entities {
namespace {

using runtime::ec;
using steady = std::chrono::steady_clock;

constexpr auto deadline = 2s;
/// What a busy machine may take on top of it.
constexpr auto patience = 30s;

const auto with_server = testing::Values(
    provider{"postgres", [] {
               return std::make_unique<postgres_world>(
                   services::postgres_entities::entity_store_options{.deadline = deadline, .queue = 20});
             }});

struct EntityServer : EntityStore {
  postgres_world& at() { return static_cast<postgres_world&>(here()); }
  postgres_server& server() { return at().server(); }
  /// As owners do, while the store answers that it cannot.
  template <class Answer, class Message>
  answer<Answer> insist(const caf::actor& store, const Message& message) {
    answer<Answer> got;
    for (auto until = steady::now() + patience; !got && steady::now() < until; ::poll(nullptr, 0, 20)) {
      got = ask<Answer>(store, message);
      if (!runtime::is(got.error, ec::unavailable) && !runtime::is(got.error, ec::timeout))
        break;
    }
    return got;
  }
};
INSTANTIATE_TEST_SUITE_P(Postgres, EntityServer, with_server);

TEST_P(EntityServer, GivenServerThatDiesWhenSavingThenEveryCallerIsToldAndARepeatedSaveHappensOnce) {
  auto a = node();
  raise(a, 1, 10);
  saved(a, order("x", 1, 10, 0, "before"));
  server().kill();
  auto save = order("x", 1, 10, 1, "after");
  auto asked = steady::now();
  auto got = ask<state_saved>(a, save);
  EXPECT_TRUE(runtime::is(got.error, ec::unavailable) || runtime::is(got.error, ec::timeout))
      << runtime::describe(got.error);
  auto read = ask<states_loaded>(a, load_states{{save.name}});
  EXPECT_TRUE(runtime::is(read.error, ec::unavailable) || runtime::is(read.error, ec::timeout));
  EXPECT_LT(steady::now() - asked, 2 * deadline + patience);
  server().start();
  auto again = insist<state_saved>(a, save);
  ASSERT_TRUE(again) << runtime::describe(again.error);
  EXPECT_EQ(again->version, 2u);
  auto loaded = insist<states_loaded>(a, load_states{{save.name}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->states.at(0).bytes, "after");
  EXPECT_EQ(insist<fences_raised>(a, raise_fences{{{role, 1, 9}}})->standing.at(0), 10u);
}

TEST_P(EntityServer, GivenFrozenServerWhenAskedThenTimeoutAndARepeatedSaveHappensOnce) {
  auto a = node();
  raise(a, 1, 10);
  saved(a, order("warm", 1, 10, 0));
  server().freeze();
  auto save = order("x", 1, 10, 0, "frozen");
  auto asked = steady::now();
  auto got = ask<state_saved>(a, save);
  EXPECT_TRUE(runtime::is(got.error, ec::timeout)) << runtime::describe(got.error);
  EXPECT_GE(steady::now() - asked, deadline - 1ms);
  server().thaw();
  auto again = insist<state_saved>(a, save);
  ASSERT_TRUE(again) << runtime::describe(again.error);
  EXPECT_EQ(again->version, 1u);
  auto loaded = insist<states_loaded>(a, load_states{{save.name}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->states.at(0), (entity_state{save.name, 1, "frozen", {}}));
}

TEST_P(EntityServer, GivenFrozenServerWhenMoreIsAskedThanMayWaitThenAllAreAnsweredInTime) {
  auto a = node();
  raise(a, 1, 10);
  saved(a, order("warm", 1, 10, 0));
  server().freeze();
  std::vector<save_state> orders;
  for (int i = 0; i < 400; ++i)
    orders.push_back(order(std::to_string(i), 1, 10, 0));
  auto asked = steady::now();
  auto got = ask_all<state_saved>(here().system(), a, orders);
  EXPECT_LT(steady::now() - asked, deadline + patience);
  std::size_t full = 0;
  for (auto& one : got) {
    ASSERT_TRUE(runtime::is(one.error, ec::unavailable) || runtime::is(one.error, ec::timeout))
        << runtime::describe(one.error);
    full += runtime::words(one.error) == "too much waits for the database already" ? 1 : 0;
  }
  EXPECT_GT(full, 0u);
  server().thaw();
  for (auto& save : orders) { // those refused at once have not happened, the others may have
    auto again = insist<state_saved>(a, save);
    ASSERT_TRUE(again) << runtime::describe(again.error);
    ASSERT_EQ(again->version, 1u);
  }
}

TEST_P(EntityServer, GivenStoreThatEndsWhenMuchIsUnderWayThenEveryCallerIsTold) {
  auto a = node();
  raise(a, 1, 10);
  server().freeze();
  std::vector<save_state> orders;
  for (int i = 0; i < 10; ++i)
    orders.push_back(order(std::to_string(i), 1, 10, 0));
  auto answers =
      std::async(std::launch::async, [&] { return ask_all<state_saved>(here().system(), a, orders); });
  caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
  for (auto& one : answers.get())
    EXPECT_TRUE(one.error);
  server().thaw();
}

TEST_P(EntityServer, GivenFenceRowThatIsHeldWhenSavedThenAnErrorInTimeAndItHeals) {
  auto a = node();
  raise(a, 1, 10);
  auto held = std::async(std::launch::async, [&] {
    return at().run("SELECT pg_sleep(3) FROM (SELECT FROM partition_fence FOR UPDATE) AS f");
  });
  answer<state_saved> got;
  save_state save;
  auto until = steady::now() + patience;
  for (std::uint64_t version = 0; version == 0 || got; ++version) { // until the lock is there
    ASSERT_LT(steady::now(), until);
    save = order("x", 1, 10, version);
    got = ask<state_saved>(a, save);
  }
  EXPECT_TRUE(runtime::is(got.error, ec::unavailable) || runtime::is(got.error, ec::timeout))
      << runtime::describe(got.error);
  EXPECT_TRUE(held.get().ok());
  EXPECT_TRUE(insist<state_saved>(a, save));
}

} // namespace
} // namespace tutti::tests::entities

#include "runtime/actor/metered.hpp"
#include "tests/support/virtual_time.hpp"

#include <caf/all.hpp>

using namespace std::chrono_literals;
using namespace tutti::runtime;
using namespace tutti::runtime::actor;

namespace {

struct echo_state {
  static constexpr const char* name = "echo";
  echo_state() = default;
  int seen = 0, ticks = 0;
};

caf::behavior echo(stateful<echo_state>* self) {
  return {
      [self](caf::tick_atom) {
        self->state.ticks++;
        self->delayed_send(self, 10ms, caf::tick_atom::value);
      },
      [self](caf::get_atom) { return self->state.ticks; },
      [self](int x) {
        if (x < 0)
          throw std::invalid_argument("negative");
        self->state.seen++;
        return x;
      },
  };
}

struct Metered : tutti::tests::VirtualTime {
  actor_table table{"n"};
  caf::actor start(std::uint64_t limit = 0) {
    running.push_back(
        spawn_stateful<echo_state>(sys, placement{&table, "/n/echo", 2, "old error"}, limit, echo));
    return running.back();
  }
  actor_view only() {
    auto all = table.actors([](auto&) { return true; });
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? actor_view{} : all.front();
  }
};

TEST_F(Metered, GivenMessagesWhenHandledThenCountsThem) {
  auto a = start();
  for (int i = 0; i < 5; ++i)
    client->send(a, i);
  EXPECT_EQ(only().mailbox, 5u);
  run();
  auto view = only();
  EXPECT_EQ(view.messages, 5u);
  EXPECT_EQ(view.mailbox, 0u);
  EXPECT_GT(view.busy_ns, 0u);
  EXPECT_EQ(view.path, "/n/echo");
  EXPECT_EQ(view.type, "echo");
  EXPECT_EQ(view.restarts, 2u);
  EXPECT_EQ(view.last_error, "old error");
}

TEST_F(Metered, GivenEndedActorWhenTotalsThenKeepsItsMessages) {
  auto a = start();
  client->send(a, 1);
  run();
  client->send_exit(a, caf::exit_reason::user_shutdown);
  run();
  EXPECT_TRUE(table.actors([](auto&) { return true; }).empty());
  auto totals = table.totals();
  ASSERT_EQ(totals.size(), 1u);
  EXPECT_EQ(totals[0].live, 0u);
  EXPECT_EQ(totals[0].messages, 2u); // the exit message too
  EXPECT_GT(totals[0].busy_ns, 0u);
  EXPECT_EQ(totals[0].failures, 0u);
}

TEST_F(Metered, GivenFullMailboxWhenRequestThenRefusedAndCounted) {
  auto a = start(3);
  for (int i = 0; i < 3; ++i)
    client->send(a, i);
  auto answer = client->request(a, 1s, 7);
  run();
  std::string text;
  answer.receive([](int) { FAIL() << "accepted"; }, [&](const caf::error& e) { text = describe(e); });
  EXPECT_EQ(text, "unavailable: mailbox full");
  EXPECT_EQ(only().rejected, 1u);
  EXPECT_EQ(only().messages, 3u);
  client->send(a, 4);
  run();
  EXPECT_EQ(only().messages, 4u);
}

TEST_F(Metered, GivenFullMailboxWhenATimerOfItsOwnFiresThenItIsHandledAndSetAgain) {
  auto a = start(3);
  client->send(a, caf::tick_atom::value);
  run();
  for (int i = 0; i < 3; ++i)
    client->send(a, i);
  scheduler().advance_time(10ms); // fires into the full mailbox
  run_for(100ms);
  auto answer = client->request(a, 1s, caf::get_atom::value);
  run();
  answer.receive([](int ticks) { EXPECT_GT(ticks, 5); }, [](const caf::error& e) { FAIL() << describe(e); });
  EXPECT_EQ(only().rejected, 0u);
}

TEST_F(Metered, GivenFullMailboxWhenExitThenPasses) {
  auto a = start(1);
  client->send(a, 1);
  client->send_exit(a, caf::exit_reason::user_shutdown);
  run();
  EXPECT_TRUE(table.actors([](auto&) { return true; }).empty());
}

TEST_F(Metered, GivenThrowWhenRequestedThenRequesterGetsTheWords) {
  auto a = start();
  auto answer = client->request(a, 1s, -1);
  run();
  std::string text;
  answer.receive([](int) { FAIL() << "no error"; }, [&](const caf::error& e) { text = describe(e); });
  EXPECT_EQ(text, "failed: negative");
  EXPECT_EQ(table.totals()[0].failures, 1u);
}

} // namespace

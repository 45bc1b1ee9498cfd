#include "runtime/actor/metered.hpp"
#include "runtime/actor/scheduling.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include <caf/all.hpp>
#include <gtest/gtest.h>

using namespace std::chrono_literals;
using namespace tutti::runtime::actor;

struct ticket {
  std::shared_ptr<std::promise<std::thread::id>> ran_on;
};
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ticket)

namespace {

/// Passes a ticket on, or says which thread ran it when there is nobody to pass it to.
class passer final : public metered {
public:
  passer(caf::actor_config& cfg, placement at, bool brief, caf::actor next)
      : metered(cfg, std::move(at), "passer"), next_(std::move(next)) {
    if (brief)
      mark_brief();
  }

protected:
  caf::behavior make_behavior() override {
    return {[this](const ticket& t) {
      if (next_)
        send(next_, t);
      else
        t.ran_on->set_value(std::this_thread::get_id());
    }};
  }
  void on_exit() override { next_ = nullptr; }

private:
  caf::actor next_;
};

class restless final : public metered {
public:
  restless(caf::actor_config& cfg, placement at) : metered(cfg, std::move(at), "restless") { mark_brief(); }

protected:
  caf::behavior make_behavior() override {
    return {[this](int x) { send(this, x); }};
  }
};

struct Scheduling : testing::Test {
  struct shared_config : caf::actor_system_config {
    shared_config() { use_shared_queue(*this, 2, 300); }
  };
  actor_table table{"n"};
  shared_config config;
  caf::actor_system sys{config};

  caf::actor start(bool brief, caf::actor next = {}) {
    auto made = sys.spawn<passer>(placement{&table, "/n/passer", 0, {}}, brief, std::move(next));
    running_.push_back(caf::actor_cast<caf::actor>(made));
    return running_.back();
  }
  /// Sends a ticket with this thread lent.
  std::future<std::thread::id> lend(const caf::actor& first) {
    ticket t{std::make_shared<std::promise<std::thread::id>>()};
    lend_thread(sys, [&](caf::execution_unit* host) {
      first->enqueue(nullptr, caf::make_message_id(), caf::make_message(t), host);
    });
    return t.ran_on->get_future();
  }
  /// Returns when both workers are in a handler that waits for release().
  void block_workers() {
    auto released = released_.get_future().share();
    for (int i = 0; i < 2; ++i) {
      std::promise<void> begun;
      sys.spawn([&begun, released] {
        begun.set_value();
        released.wait();
      });
      begun.get_future().wait();
    }
  }
  void release() { released_.set_value(); }
  void TearDown() override {
    for (auto& one : running_)
      caf::anon_send_exit(one, caf::exit_reason::kill);
  }

private:
  std::vector<caf::actor> running_;
  std::promise<void> released_;
};

TEST_F(Scheduling, GivenBusyWorkersWhenThreadIsLentThenItRunsChainOfBriefActors) {
  block_workers();
  auto first = start(true, start(true, start(true)));
  for (int i = 0; i < 100; ++i) {
    auto result = lend(first);
    ASSERT_EQ(result.wait_for(0s), std::future_status::ready);
    EXPECT_EQ(result.get(), std::this_thread::get_id());
  }
  release();
}

TEST_F(Scheduling, GivenBusyWorkersWhenThreadIsLentThenOtherActorsWaitForWorkers) {
  block_workers();
  auto result = lend(start(true, start(false)));
  EXPECT_EQ(result.wait_for(20ms), std::future_status::timeout);
  release();
  ASSERT_EQ(result.wait_for(10s), std::future_status::ready);
  EXPECT_NE(result.get(), std::this_thread::get_id());
}

TEST_F(Scheduling, GivenSleepingWorkersWhenThreadIsLentThenTheyAreWokenForWhatIsLeft) {
  auto last = start(false);
  auto first = start(true, last);
  for (int i = 0; i < 100; ++i) {
    auto result = lend(first);
    ASSERT_EQ(result.wait_for(10s), std::future_status::ready);
    EXPECT_NE(result.get(), std::this_thread::get_id());
  }
}

TEST_F(Scheduling, GivenBriefActorThatNeverRestsWhenThreadIsLentThenItComesBack) {
  block_workers();
  auto busy = caf::actor_cast<caf::actor>(sys.spawn<restless>(placement{&table, "/n/restless", 0, {}}));
  caf::anon_send(busy, 1);
  auto first = start(true, start(true));
  while (lend(first).wait_for(0s) != std::future_status::ready) {
  }
  release();
  caf::anon_send_exit(busy, caf::exit_reason::kill);
}

TEST(ActorType, GivenFewLongRunsWhenAskedThenItIsBriefAndWithManyItIsNot) {
  actor_type type;
  EXPECT_FALSE(type.brief()); // not before something is known
  for (int i = 0; i < 300; ++i)
    type.ran(10us);
  EXPECT_TRUE(type.brief());
  type.ran(5ms); // preempted, say
  EXPECT_TRUE(type.brief());
  for (int i = 0; i < 100; ++i)
    type.ran(i % 10 == 0 ? 5ms : 10us);
  EXPECT_FALSE(type.brief());
}

} // namespace

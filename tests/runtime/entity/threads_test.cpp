#include "runtime/actor/scheduling.hpp"
#include "runtime/cluster/placement/ownership.hpp"
#include "runtime/entity/entity_ref.hpp"
#include "runtime/entity/host.hpp"
#include "tests/runtime/entity/notebook.hpp"
#include "tests/runtime/entity/scripted_store.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

namespace tutti::tests::entities {
namespace {

using namespace std::chrono_literals;

/// Real threads, real time: what only a race can break.
struct EntityThreads : testing::Test {
  static constexpr std::uint32_t parts = 4;
  static constexpr int clients = 8, each = 1'500, keys = 12;

  struct config : caf::actor_system_config {
    config() { runtime::actor::use_shared_queue(*this, 4, 30); }
  };
  config cfg;
  caf::actor_system sys{cfg};
  runtime::telemetry::metrics metrics;
  runtime::actor::actor_table table{"a"};
  runtime::entity::entity_types types;
  std::shared_ptr<store_script> script = std::make_shared<store_script>();
  std::shared_ptr<runtime::entity::directory> entities;
  caf::actor states, host;
  std::unique_ptr<runtime::entity::entity_refs> refs;
  std::uint64_t epoch = 0;

  void start(runtime::entity::entity_type type) {
    types.add(std::move(type));
    entities = std::make_shared<runtime::entity::directory>(types, parts);
    refs = std::make_unique<runtime::entity::entity_refs>(sys, types, entities);
    states = sys.spawn(scripted_store, script);
    std::promise<caf::actor> made;
    sys.spawn([&](caf::event_based_actor* parent) {
      made.set_value(runtime::entity::spawn_entity_host(*parent, {&table, "/a/entities", 0, {}}, types,
                                                        entities, {"a", states, {}}, metrics));
    });
    host = made.get_future().get();
    open();
  }
  void open() {
    ++epoch;
    caf::scoped_actor self{sys};
    auto clock = runtime::cluster::lease_clock::boot();
    for (std::uint32_t p = 0; p < parts; ++p) {
      self->request(states, 10s, store::raise_fences{{{"worker", p, epoch}}})
          .receive([](store::fences_raised&) {}, [](caf::error& e) { FAIL() << runtime::describe(e); });
      self->send(host, runtime::cluster::partition_opened{"worker", p,
                                                          std::make_shared<runtime::cluster::held_lease>(
                                                              "x", epoch, clock->now() + 24h, clock)});
    }
  }
  void close() {
    caf::scoped_actor self{sys};
    for (std::uint32_t p = 0; p < parts; ++p)
      self->request(host, 20s, runtime::cluster::close_partition{"worker", p})
          .receive([](runtime::cluster::partition_closed&) {},
                   [](caf::error& e) { FAIL() << runtime::describe(e); });
  }
  /// All clients ask all keys, a few at a time. How many were answered otherwise than with a value.
  template <class Meanwhile>
  int hammer(Meanwhile meanwhile) {
    std::promise<void> over;
    std::atomic<int> left{clients}, failed{0};
    for (int c = 0; c < clients; ++c)
      sys.spawn([&, c](caf::event_based_actor* self) {
        auto sent = std::make_shared<int>(0), answered = std::make_shared<int>(0);
        auto next = std::make_shared<std::function<void()>>();
        auto done = [=, &over, &left] {
          if (++*answered < each)
            return (*next)();
          *next = nullptr;
          if (--left == 0)
            over.set_value();
        };
        *next = [=, this, &failed] {
          if (*sent == each)
            return;
          auto n = (*sent)++;
          refs->ref("notebook", "k" + std::to_string(n % keys))
              .ask(self, put{std::to_string(c) + ":" + std::to_string(n / keys)}, 20s)
              .then([=](lines&) { done(); },
                    [=, &failed](caf::error& e) {
                      ADD_FAILURE() << runtime::describe(e);
                      ++failed;
                      done();
                    });
        };
        for (int i = 0; i < 4; ++i)
          if (auto f = *next)
            f();
      });
    auto ready = over.get_future();
    while (ready.wait_for(1ms) != std::future_status::ready)
      meanwhile();
    return failed;
  }
  /// Each client's lines of each key, complete and in order.
  static void expect_all(const std::string& key, const std::vector<std::string>& all, int number) {
    std::vector<int> next(clients);
    for (auto& line : all) {
      auto c = static_cast<std::size_t>(line[0] - '0');
      ASSERT_EQ(line, std::to_string(c) + ":" + std::to_string(next.at(c)++)) << key;
    }
    for (auto n : next)
      EXPECT_EQ(n, (each - number + keys - 1) / keys) << key;
  }

  void TearDown() override {
    {
      caf::scoped_actor self{sys};
      for (auto& a : {host, states}) {
        self->monitor(a);
        self->send_exit(a, caf::exit_reason::user_shutdown);
        self->receive([](caf::down_msg&) {});
      }
    }
    host = states = nullptr;
    refs.reset();
    sys.await_all_actors_done();
    for (auto& t : table.totals())
      EXPECT_EQ(t.live, 0u) << t.name;
    // CAF's clock holds the host until the timer that it has set last.
    for (auto end = std::chrono::steady_clock::now() + 5s;
         entities.use_count() > 1 && std::chrono::steady_clock::now() < end;)
      std::this_thread::sleep_for(10ms);
    EXPECT_EQ(entities.use_count(), 1) << "nothing keeps what has ended";
  }
};

TEST_F(EntityThreads, GivenEntitiesThatTryToLeaveAfterEachMessageWhenManyAskThenNoMessageIsLostOrDoubled) {
  struct book {
    std::mutex lock;
    std::map<std::string, std::vector<std::string>> all;
  };
  auto seen = std::make_shared<book>();
  auto starts = std::make_shared<std::atomic<int>>(0);
  start(runtime::entity::define<notebook>("notebook", "worker", "")
            .answer_later<put, lines>("put",
                                      [seen](page& self, const put& m, runtime::entity::later<lines> to) {
                                        {
                                          std::lock_guard guard{seen->lock};
                                          seen->all[self.key()].push_back(m.line);
                                        }
                                        to.give(lines{});
                                        self.send(&self, runtime::entity::passivate_entity{});
                                      })
            .on_start([starts](page&) { ++*starts; }));
  EXPECT_EQ(hammer([] {}), 0);
  EXPECT_GT(*starts, keys) << "none has left: nothing was tried";
  for (int k = 0; k < keys; ++k)
    expect_all("k" + std::to_string(k), seen->all["k" + std::to_string(k)], k);
}

TEST_F(EntityThreads, GivenPartitionsThatCloseAndOpenWhenManyWriteThenEachWriteIsThereOnceAndInOrder) {
  start(define_notebook());
  int moves = 0;
  EXPECT_EQ(hammer([&] {
              close();
              open();
              ++moves;
            }),
            0);
  EXPECT_GT(moves, 3);
  close();
  for (int k = 0; k < keys; ++k) {
    auto key = "k" + std::to_string(k);
    auto state = runtime::wire::decode<notebook>(script->book.load({{{"notebook", key}}}).states[0].bytes);
    ASSERT_TRUE(state);
    expect_all(key, state->all, k);
  }
}

TEST_F(EntityThreads, GivenEntitiesThatFailAtOnceWhenManyAskThenEachAskerHears) {
  auto starts = std::make_shared<std::atomic<int>>(0);
  start(define_notebook([starts](page&) {
    if (++*starts % 2 == 1)
      throw std::runtime_error{"at the start"};
  }));
  caf::scoped_actor self{sys};
  for (int i = 0; i < 40; ++i) {
    auto ref = refs->ref("notebook", "x" + std::to_string(i));
    bool served = false;
    for (int t = 0; t < 20 && !served; ++t) {
      std::promise<bool> answered;
      sys.spawn([&](caf::event_based_actor* asker) {
        ref.ask(asker, peek{}, 10s)
            .then([&](lines&) { answered.set_value(true); },
                  [&](caf::error& e) {
                    EXPECT_NE(e, caf::sec::request_timeout);
                    answered.set_value(false);
                  });
      });
      served = answered.get_future().get();
    }
    EXPECT_TRUE(served) << i;
  }
}

} // namespace
} // namespace tutti::tests::entities

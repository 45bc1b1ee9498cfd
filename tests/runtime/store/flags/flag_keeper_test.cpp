#include "runtime/store/flag_keeper.hpp"
#include "tests/support/virtual_time.hpp"

#include <deque>
#include <functional>
#include <utility>
#include <variant>

#include <caf/all.hpp>

namespace tutti::tests::flags {

/// To the scripted store: promises are kept in their actor's own turn.
struct in_your_turn {
  std::function<void()> what;
};

} // namespace tutti::tests::flags

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::tests::flags::in_your_turn)

namespace tutti::tests::flags {
namespace {

using namespace runtime::store;
using namespace std::chrono_literals;
using runtime::ec;

/// Keeps what it is asked until the test answers.
struct scripted_flags {
  std::vector<std::string> asked;
  std::deque<caf::typed_response_promise<flag_found>> reads;
  std::deque<caf::typed_response_promise<flag_written>> writes;
};

caf::behavior scripted(caf::event_based_actor* self, scripted_flags* s) {
  return {
      [=](const read_flag& query) {
        s->asked.push_back(query.name);
        return s->reads.emplace_back(self->make_response_promise<flag_found>());
      },
      [=](const write_flag&) { return s->writes.emplace_back(self->make_response_promise<flag_written>()); },
      [](list_flags) {
        return flags_listed{{{"listed", true, {}, "", 1, 0, "t"}}};
      },
      [](const in_your_turn& order) { order.what(); },
  };
}

struct FlagKeeper : VirtualTime {
  runtime::telemetry::metrics metrics;
  runtime::actor::actor_table table{"n"};
  std::shared_ptr<flag_cache> cache = std::make_shared<flag_cache>(metrics);
  scripted_flags store;
  caf::actor backing = sys.spawn(scripted, &store);
  caf::actor keeper;

  FlagKeeper() {
    sys.spawn([&](caf::event_based_actor* parent) {
      keeper = spawn_flag_keeper(*parent, {&table, "/n/flags", 0, {}}, backing, cache);
    });
    run();
    running = {keeper, backing};
  }
  void TearDown() override {
    store.reads.clear();
    store.writes.clear();
    VirtualTime::TearDown();
  }

  static feature_flag flag(bool enabled, std::uint64_t version) {
    return {"x", enabled, {}, "", version, 0, "t"};
  }
  /// A question under way; its answer, if there is one by now.
  using pending = std::shared_ptr<std::optional<std::variant<flag_found, caf::error>>>;
  pending read(const std::string& name = "x") {
    auto out = std::make_shared<std::optional<std::variant<flag_found, caf::error>>>();
    auto asker = sys.spawn([=, this](caf::event_based_actor* self) {
      self->request(keeper, caf::infinite, read_flag{name})
          .then([=](flag_found& got) { *out = std::move(got); }, [=](caf::error& e) { *out = std::move(e); });
    });
    run();
    return out;
  }
  static std::uint64_t version(const pending& got) {
    auto* found = *got ? std::get_if<flag_found>(&**got) : nullptr;
    return found != nullptr && found->flag ? found->flag->version : 0;
  }
  static bool failed(const pending& got) { return *got && std::holds_alternative<caf::error>(**got); }
  template <class Promises, class Answer>
  void deliver(Promises& to, Answer with) {
    ASSERT_FALSE(to.empty());
    client->send(backing, in_your_turn{[&to, with] {
                   to.front().deliver(with);
                   to.pop_front();
                 }});
    run();
  }
  void answer(flag_found with) { deliver(store.reads, std::move(with)); }
  void fail_read() { deliver(store.reads, runtime::make_error(ec::unavailable, "away")); }
  void write(std::variant<flag_written, caf::error> answered) {
    sys.spawn([=, this](caf::event_based_actor* self) {
      self->request(keeper, caf::infinite, write_flag{"x", true, {}, "", "t", {}})
          .then([](flag_written&) {}, [](caf::error&) {});
    });
    run();
    std::visit([&](auto& with) { deliver(store.writes, with); }, answered);
  }
  void change(std::uint64_t version) {
    client->send(keeper, flag_changed{"x", version});
    run();
  }
};

TEST_F(FlagKeeper, GivenManyWhoAskAtOnceWhenLoadedThenTheStoreWasAskedOnce) {
  std::vector<pending> all;
  for (int i = 0; i < 10; ++i)
    all.push_back(read());
  EXPECT_EQ(store.asked.size(), 1u);
  answer({flag(true, 1)});
  for (auto& one : all)
    EXPECT_EQ(version(one), 1u);
  EXPECT_EQ(version(read()), 1u);
  EXPECT_EQ(store.asked.size(), 1u);
  auto now = cache->read_statistics();
  EXPECT_EQ(now.misses, 10u);
  EXPECT_EQ(now.hits, 1u);
}

TEST_F(FlagKeeper, GivenNoFlagWhenAskedAgainThenTheStoreIsNotAskedForFiveMinutes) {
  auto first = read("none");
  answer({});
  ASSERT_TRUE(*first);
  EXPECT_FALSE(failed(first));
  run_for(299s, 1s);
  EXPECT_TRUE(*read("none"));
  EXPECT_EQ(store.asked.size(), 1u);
  run_for(1s);
  EXPECT_FALSE(*read("none"));
  EXPECT_EQ(store.asked.size(), 2u);
}

TEST_F(FlagKeeper, GivenBadNameWhenAskedThenRejectedAndTheStoreIsNotAsked) {
  auto got = read("no name");
  ASSERT_TRUE(failed(got));
  EXPECT_TRUE(runtime::is(std::get<caf::error>(**got), ec::rejected));
  EXPECT_TRUE(store.asked.empty());
}

TEST_F(FlagKeeper, GivenSilentStoreWhenTheTimeIsOverThenTheLastKnownIsReadAndTheStoreIsLeftAlone) {
  read();
  answer({flag(true, 1)});
  run_for(300s, 1s);
  auto late = read();
  EXPECT_FALSE(*late);
  run_for(1s);
  EXPECT_EQ(version(late), 1u) << "it did not answer within a second";
  EXPECT_EQ(version(read()), 1u);
  EXPECT_EQ(store.asked.size(), 2u) << "it is left alone";
  EXPECT_EQ(cache->read_statistics().stale, 2u);
  run_for(1s);
  auto again = read();
  EXPECT_EQ(store.asked.size(), 3u);
  store.reads.pop_front(); // the one that came too late
  answer({flag(false, 2)});
  EXPECT_EQ(version(again), 2u);
  EXPECT_EQ(version(read()), 2u);
  EXPECT_EQ(store.asked.size(), 3u);
}

TEST_F(FlagKeeper, GivenStoreThatStaysAwayWhenReadAllTheTimeThenItIsAskedLessAndLess) {
  read();
  answer({flag(true, 1)});
  run_for(300s, 1s);
  std::vector<int> tries;
  for (int second = 0; second < 240; ++second) {
    auto got = read();
    if (!store.reads.empty()) {
      tries.push_back(second);
      fail_read();
    }
    EXPECT_EQ(version(got), 1u);
    run_for(1s, 100ms);
  }
  ASSERT_GE(tries.size(), 240u / 31);
  EXPECT_LE(tries.size(), 5 + 240u / 15);
  EXPECT_LE(tries[1] - tries[0], 2);
  EXPECT_GE(tries.back() - tries[tries.size() - 2], 14);
}

TEST_F(FlagKeeper, GivenNothingKnownWhenTheStoreIsAwayThenItsError) {
  auto got = read();
  fail_read();
  ASSERT_TRUE(failed(got));
  EXPECT_TRUE(runtime::is(std::get<caf::error>(**got), ec::unavailable));
  EXPECT_EQ(cache->read_statistics().misses, 1u);
}

TEST_F(FlagKeeper, GivenOwnChangeWhenReadThenKnownAtOnce) {
  read();
  answer({flag(true, 1)});
  write(flag_written{flag(false, 2)});
  EXPECT_EQ(version(read()), 2u);
  EXPECT_EQ(store.asked.size(), 1u);
}

TEST_F(FlagKeeper, GivenOwnChangeWhileLoadingWhenTheOldValueArrivesThenItIsLoadedAgain) {
  auto got = read();
  write(flag_written{flag(false, 2)});
  answer({flag(true, 1)});
  EXPECT_FALSE(*got);
  answer({flag(false, 2)});
  EXPECT_EQ(version(got), 2u);
  EXPECT_EQ(version(read()), 2u);
}

TEST_F(FlagKeeper, GivenChangeWithoutAnAnswerWhenReadThenTheStoreIsAsked) {
  read();
  answer({flag(true, 1)});
  write(runtime::make_error(ec::timeout, "who knows"));
  auto got = read();
  EXPECT_FALSE(*got);
  answer({flag(false, 2)});
  EXPECT_EQ(version(got), 2u);
}

TEST_F(FlagKeeper, GivenChangeOnAnotherNodeWhenToldThenLoadedAgainUnlessKnown) {
  read();
  answer({flag(true, 1)});
  change(1);
  EXPECT_EQ(version(read()), 1u);
  EXPECT_EQ(store.asked.size(), 1u);
  change(2);
  auto got = read();
  EXPECT_EQ(store.asked.size(), 2u);
  change(3);
  answer({flag(true, 2)});
  EXPECT_FALSE(*got);
  answer({flag(true, 3)});
  EXPECT_EQ(version(got), 3u);
}

TEST_F(FlagKeeper, GivenTooManyNamesUnderWayWhenAnotherIsReadThenUnavailable) {
  for (int i = 0; i < 1'000; ++i)
    read("f" + std::to_string(i));
  auto got = read();
  ASSERT_TRUE(failed(got));
  EXPECT_TRUE(runtime::is(std::get<caf::error>(**got), ec::unavailable));
  EXPECT_FALSE(*read("f7"));
  EXPECT_EQ(store.asked.size(), 1'000u);
}

TEST_F(FlagKeeper, GivenListWhenAskedThenTheStoresOwn) {
  std::string name;
  sys.spawn([&](caf::event_based_actor* self) {
    self->request(keeper, caf::infinite, list_flags{}).then([&](flags_listed& got) {
      name = got.flags.at(0).name;
    });
  });
  run();
  EXPECT_EQ(name, "listed");
}

} // namespace
} // namespace tutti::tests::flags

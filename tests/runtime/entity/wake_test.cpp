#include "tests/runtime/entity/fixture.hpp"

#include <stdexcept>

namespace tutti::tests::entities {
namespace {

/// Each line put in sets the time to be woken at to `delay` from then; being woken adds a line.
struct Wake : Entities {
  std::chrono::milliseconds delay = 10s;
  int failures = 0; ///< of the next wakes

  void begin(std::chrono::milliseconds passivate = 0ms) {
    types.add(entity::define<notebook>("notebook", "worker", "Lines")
                  .write<put>("put",
                              [this](page& self, const put& m) {
                                self.state.all.push_back(m.line);
                                self.wake_at(wall_now() + delay.count());
                                return view_of(self);
                              })
                  .read<peek>("peek", [](const page& self, const peek&) { return view_of(self); })
                  .on_wake([this](page& self) {
                    if (failures > 0 && failures-- > 0)
                      throw std::runtime_error{"not now"};
                    self.state.all.push_back("woken");
                  })
                  .passivate_after(passivate));
    start();
    open_all();
  }
};

TEST_F(Wake, GivenATimeWhenItIsThereThenItRunsOnceAndIsSaved) {
  begin();
  ask("k", put{"one"});
  run_for(9s);
  EXPECT_EQ(lines_of("k"), (texts{"one"}));
  run_for(2s);
  EXPECT_EQ(lines_of("k"), (texts{"one", "woken"}));
  EXPECT_FALSE(script->saves.back().wake_at);
  run_for(60s, 100ms);
  EXPECT_EQ(lines_of("k"), (texts{"one", "woken"}));
}

TEST_F(Wake, GivenItSleepsWhenTheTimeIsThereThenItIsActivated) {
  begin(1s);
  ask("k", put{"one"});
  run_for(5s);
  EXPECT_EQ(live(), 0u);
  run_for(5500ms);
  EXPECT_EQ(script->saves.size(), 2u) << "nobody asked, and it has run";
  EXPECT_EQ(lines_of("k"), (texts{"one", "woken"}));
}

TEST_F(Wake, GivenItsPartitionMovesWhenTheTimeIsThereThenTheNextOwnerWakesIt) {
  begin();
  ask("k", put{"one"});
  run();
  auto p = partition("k");
  auto closed = close(p);
  EXPECT_TRUE(closed->value);
  run_for(3s);
  open(p, 2);
  EXPECT_EQ(live(), 0u) << "not before its time";
  run_for(8s);
  EXPECT_EQ(lines_of("k"), (texts{"one", "woken"}));
}

TEST_F(Wake, GivenTheTimePassedWhileNobodyOwnedItWhenOpenedThenAtOnce) {
  begin();
  ask("k", put{"one"});
  run();
  lose(partition("k"));
  run_for(30s, 100ms);
  open(partition("k"), 2);
  run_for(1s);
  EXPECT_EQ(script->saves.size(), 2u);
  EXPECT_EQ(lines_of("k"), (texts{"one", "woken"}));
}

TEST_F(Wake, GivenItFailsWhenWokenThenItIsWokenAgainAfterTheBackoff) {
  begin();
  failures = 2;
  ask("k", put{"one"});
  run_for(15s);
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(lines_of("k"), (texts{"one", "woken"}));
}

TEST_F(Wake, GivenStoreAwayWhenWokenThenItIsWokenAgainWhenTheStoreIsBack) {
  begin();
  ask("k", put{"one"});
  run_for(9s);
  script->fail_save = script->fail_load = make_error(ec::unavailable, "away");
  run_for(8s);
  EXPECT_EQ(live(), 0u) << "its save was given up";
  run_for(10s);
  script->fail_save.reset();
  script->fail_load.reset();
  run_for(30s);
  ASSERT_TRUE(script->book.load({{{"notebook", "k"}}}).states[0].version > 1u) << "nobody asked, and it has run";
  EXPECT_EQ(lines_of("k"), (texts{"one", "woken"}));
}

TEST_F(Wake, GivenTimesSetOftenWhenTheyPassThenItRunsOnceForTheLast) {
  begin();
  for (int i = 0; i < 50; ++i) {
    ask("k", put{"x"});
    run_for(100ms, 10ms);
  }
  run_for(6s); // its requests' own timers are over
  EXPECT_LT(scheduler().clock().schedule().size(), 10u) << "not a timer for each";
  run_for(5s);
  EXPECT_EQ(lines_of("k").size(), 51u);
}

TEST_F(Wake, GivenLeaseOverBeforeItBeginsWhenActivatedThenItDoesNotBegin) {
  int begun = 0;
  types.add(entity::define<notebook>("notebook", "worker", "Lines")
                .read<peek>("peek", [](const page& self, const peek&) { return view_of(self); })
                .on_start([&](page&) { ++begun; }));
  start();
  auto p = partition("k");
  open(p, 1, 1s);
  auto asked = ask("k", peek{}, 10s);
  while (live() == 0)
    ASSERT_TRUE(scheduler().try_run_once());
  lease_time->frozen += 2s;
  run();
  EXPECT_EQ(begun, 0);
}

TEST_F(Wake, GivenAnotherTimeWhenTheFirstIsThereThenOnlyTheLastCounts) {
  begin();
  ask("k", put{"one"});
  run_for(5s);
  ask("k", put{"two"});
  run_for(7s);
  EXPECT_EQ(lines_of("k"), (texts{"one", "two"}));
  run_for(4s);
  EXPECT_EQ(lines_of("k"), (texts{"one", "two", "woken"}));
}

} // namespace
} // namespace tutti::tests::entities

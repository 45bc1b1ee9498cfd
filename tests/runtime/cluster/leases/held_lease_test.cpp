#include "runtime/cluster/leases/held_lease.hpp"

#include <csignal>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace tutti::runtime::cluster;
using namespace std::chrono_literals;

namespace {

struct hand_clock final : lease_clock {
  std::chrono::nanoseconds now() const noexcept override { return std::exchange(time, time + each_look); }
  mutable std::chrono::nanoseconds time = 100s;
  std::chrono::nanoseconds each_look{0}; ///< takes so long
};

struct HeldLease : testing::Test {
  std::shared_ptr<hand_clock> clock = std::make_shared<hand_clock>();
  held_lease lease{"x", 7, held_lease::deadline(clock->now(), 5s), clock};
};

TEST_F(HeldLease, GivenGrantWhenFourFifthsOfTheTtlHavePassedSinceItWasAskedForThenNotHeld) {
  EXPECT_TRUE(lease.holds());
  EXPECT_EQ(lease.left(), 4s);
  clock->time += 4s - 1ns;
  EXPECT_TRUE(lease.holds());
  clock->time += 1ns;
  EXPECT_FALSE(lease.holds());
  EXPECT_LE(lease.left(), 0s);
}

TEST_F(HeldLease, GivenRenewalWhenConfirmedThenHeldForLongerAndNeverForShorter) {
  lease.extend(102s);
  EXPECT_EQ(lease.left(), 4s) << "the answer to an earlier question that came late";
  lease.extend(106s);
  clock->time = 106s - 1ns;
  EXPECT_TRUE(lease.holds());
  clock->time = 107s;
  EXPECT_FALSE(lease.holds());
  lease.extend(110s);
  EXPECT_FALSE(lease.holds()) << "who has seen that it is over need not look again";
}

TEST_F(HeldLease, GivenLeaseThatRunsOutWhileItIsExtendedThenItStaysOver) {
  clock->time = 104s - 1ms;
  clock->each_look = 2ms;
  lease.extend(110s);
  clock->each_look = 0ms;
  EXPECT_FALSE(lease.holds());
}

TEST_F(HeldLease, GivenLeaseWhenDroppedThenForGood) {
  lease.drop();
  EXPECT_FALSE(lease.holds());
  lease.extend(200s);
  EXPECT_FALSE(lease.holds());
}

TEST(LeaseClock, GivenTheMachinesClockWhenReadThenItOnlyGrows) {
  auto clock = lease_clock::boot();
  auto before = clock->now();
  for (int i = 0; i < 1000; ++i) {
    auto now = clock->now();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(LeaseClock, GivenProcessThatIsFrozenWhenItThawsThenItsFirstLookSaysThatItsLeaseIsOver) {
  int said[2];
  ASSERT_EQ(::pipe(said), 0);
  auto child = ::fork();
  if (child == 0) { // looks all the time; says '+' once, and what it saw first after a gap
    auto clock = lease_clock::boot();
    held_lease lease{"x", 1, clock->now() + 500ms, clock};
    auto last = std::chrono::steady_clock::now();
    char now = lease.holds() ? '+' : '!';
    [[maybe_unused]] auto size = ::write(said[1], &now, 1);
    for (;;) {
      bool holds = lease.holds();
      auto time = std::chrono::steady_clock::now();
      if (time - last > 400ms) {
        now = lease.holds() ? 'y' : 'n'; // after the gap: `holds` may be from before it
        size = ::write(said[1], &now, 1);
        ::_exit(0);
      }
      if (!holds)
        ::_exit(1); // it was not frozen in time
      last = time;
    }
  }
  auto next = [&] {
    pollfd waiting{said[0], POLLIN, 0};
    char c = '?';
    return ::poll(&waiting, 1, 20'000) == 1 && ::read(said[0], &c, 1) == 1 ? c : '?';
  };
  EXPECT_EQ(next(), '+');
  ::kill(child, SIGSTOP);
  std::this_thread::sleep_for(700ms); // the lease's time, which passes in this test alone
  ::kill(child, SIGCONT);
  EXPECT_EQ(next(), 'n');
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  ::close(said[0]);
  ::close(said[1]);
}

} // namespace

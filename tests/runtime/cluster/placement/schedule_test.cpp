#include "tests/runtime/cluster/placement/cluster_fixture.hpp"

namespace tutti::tests::placement {
namespace {

/// A random course of joins, leaves, losses, outages and frozen processes, with delays everywhere.
class random_schedule {
public:
  explicit random_schedule(std::uint64_t seed) : random_(seed) {}

  int pick(int least, int most) { return std::uniform_int_distribution<int>{least, most}(random_); }
  /// Mostly short, seldom so long that requests time out.
  std::chrono::milliseconds delay() {
    return std::chrono::milliseconds{pick(0, 99) == 0 ? pick(0, 2'500) : pick(0, 40)};
  }
  std::string node() { return std::string(1, static_cast<char>('a' + pick(0, 4))); }

private:
  std::minstd_rand random_;
};

void disturb(PlacementCluster& c, random_schedule& schedule) {
  auto name = schedule.node();
  auto i = c.nodes.find(name);
  if (i == c.nodes.end()) {
    c.start(name, schedule.pick(0, 2) == 0 ? std::vector<std::string>{"worker"}
                                           : std::vector<std::string>{"audio", "worker"});
    return;
  }
  auto& n = i->second;
  switch (schedule.pick(0, 7)) {
  case 0:
    return c.kill(name);
  case 1:
    n.line->is = n.fence_line->is = link::state::deaf;
    return;
  case 2:
    n.line->is = link::state::cut;
    return;
  case 3:
    n.clock->frozen += std::chrono::milliseconds{schedule.pick(0, 10'000)}; // and thawed
    return;
  case 4:
    return c.leave(name, !*n.leaving);
  case 5:
    n.host->stuck = !n.host->stuck;
    return;
  case 6:
    for (auto& [other, o] : c.nodes) {
      c.facts->cut.insert({name, other});
      c.facts->cut.insert({other, name});
    }
    return;
  default:
    n.fence_line->is = link::state::cut;
  }
}

void heal(PlacementCluster& c) {
  for (auto& [name, n] : c.nodes) {
    n.line->is = n.fence_line->is = link::state::up;
    n.host->stuck = false;
    if (*n.leaving)
      c.leave(name, false);
  }
  c.facts->cut.clear();
}

struct PlacementSchedule : PlacementCluster, testing::WithParamInterface<int> {};

TEST_P(PlacementSchedule, GivenFaultsAndDelaysWhenHealedThenNoPartitionWasEverOpenTwiceAndAllAreOpen) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  random_schedule schedule{seed};
  partitions = 12;
  delay = closing_takes = [&] { return schedule.delay(); };
  start("a", {"audio", "worker"});
  start("b", {"audio", "worker"});
  std::size_t opened = 0;
  for (int n = 0; n < 25 && !HasFailure(); ++n) {
    disturb(*this, schedule);
    hints = schedule.pick(0, 1) == 0;
    run_for(std::chrono::milliseconds{schedule.pick(0, 8'000)});
    if (schedule.pick(0, 3) == 0)
      heal(*this);
  }
  heal(*this);
  if (nodes.count("a") == 0)
    start("a", {"audio", "worker"});
  run_until([&] { return all_open(); }, 60s);
  for (auto& [name, n] : nodes)
    opened += n.host->opened;
  EXPECT_GT(opened, 0u);
}

INSTANTIATE_TEST_SUITE_P(Runs, PlacementSchedule, testing::Range(0, 100));

} // namespace
} // namespace tutti::tests::placement

#include "runtime/cluster/placement/ownership.hpp"
#include "runtime/cluster/placement/solo.hpp"
#include "runtime/error.hpp"
#include "runtime/store/entity_store.hpp"
#include "tests/support/virtual_time.hpp"

#include <caf/all.hpp>

using namespace std::chrono_literals;
using namespace tutti::runtime;

namespace {

struct SoloOwner : tutti::tests::VirtualTime {
  actor::actor_table table{"n"};
  bool away = true;
  int asked = 0;
  std::size_t opened = 0;

  SoloOwner() {
    auto fences = sys.spawn([this]() -> caf::behavior {
      return {[this](const store::raise_fences& order) -> caf::result<store::fences_raised> {
        ++asked;
        if (away)
          return make_error(ec::unavailable, "away");
        store::fences_raised out;
        for (auto& f : order.fences)
          out.standing.push_back(f.epoch);
        return out;
      }};
    });
    auto host = sys.spawn([this]() -> caf::behavior {
      return {[this](const cluster::partition_opened& o) { opened += o.lease->holds() ? 1 : 0; }};
    });
    running = {fences, host};
    sys.spawn([&](caf::event_based_actor* parent) {
      running.push_back(
          cluster::spawn_solo_owner(*parent, {&table, "/n/solo", 0, {}}, host, fences, {"worker"}, 8, 1));
    });
    run();
  }
};

TEST_F(SoloOwner, GivenStoreThatIsAwayWhenItComesBackThenAllIsOpenAndItWasNotHammered) {
  run_for(120s, 50ms);
  EXPECT_GE(asked, 12);
  EXPECT_LE(asked, 40);
  EXPECT_EQ(opened, 0u);
  away = false;
  run_for(11s, 50ms);
  EXPECT_EQ(opened, 8u);
  auto done = asked;
  run_for(30s, 50ms);
  EXPECT_EQ(asked, done);
}

} // namespace

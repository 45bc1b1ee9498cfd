#include "tests/runtime/jobs/conformance/real_time_world.hpp"

#include "runtime/wall_clock.hpp"

#include <future>
#include <thread>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

namespace tutti::tests::conformance {

real_time_world::config::config() {
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", std::size_t{4});
  set("scheduler.max-throughput", std::size_t{300});
}

runtime::jobs::unix_ms real_time_world::now() {
  return runtime::wall_now();
}

void real_time_world::pass(std::chrono::microseconds duration) {
  std::this_thread::sleep_for(duration);
}

caf::actor real_time_world::start(const starter& how) {
  std::promise<caf::actor> made;
  system_.spawn([&](caf::event_based_actor* self) {
    made.set_value(how(*self, {&table_, "/n/store", 0, {}}));
  });
  stores_.push_back(made.get_future().get());
  return stores_.back();
}

void real_time_world::end_stores() {
  for (auto& s : stores_)
    caf::anon_send_exit(s, caf::exit_reason::kill);
  stores_.clear();
  system_.await_all_actors_done();
}

} // namespace tutti::tests::conformance

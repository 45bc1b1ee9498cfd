#include "tests/runtime/store/conformance/provider.hpp"

#include <future>

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

namespace tutti::tests::entities {

world::config::config() {
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", std::size_t{2});
}

caf::actor world::start(const starter& how) {
  std::promise<caf::actor> made;
  sys_.spawn([&](caf::event_based_actor* self) {
    made.set_value(how(*self, {&table_, "/n/entities", 0, {}}));
  });
  stores_.push_back(made.get_future().get());
  return stores_.back();
}

void world::end_stores() {
  caf::scoped_actor waiting{sys_};
  for (auto& s : stores_) {
    caf::anon_send_exit(s, caf::exit_reason::kill);
    waiting->wait_for(s);
  }
  stores_.clear();
}

} // namespace tutti::tests::entities

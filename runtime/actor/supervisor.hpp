#pragma once
#include "runtime/actor/metered.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

/// Supervision as in Erlang/OTP's supervisor behaviour:
/// https://www.erlang.org/doc/design_principles/sup_princ
namespace tutti::runtime::actor {

enum class strategy {
  one_for_one, ///< only the child that ended is restarted
  one_for_all, ///< all children are stopped and restarted
  rest_for_one ///< it and the children started after it
};

enum class restart {
  permanent, ///< always
  transient, ///< only when it ended by an error
  temporary  ///< never
};

struct child_spec {
  std::string name; ///< unique among its siblings; the last part of its path
  /// Spawns the child. A throw counts as a child that ended by an error at once.
  std::function<caf::actor(caf::event_based_actor* supervisor, placement at)> start;
  restart policy = restart::permanent;
  std::chrono::milliseconds stop_grace{2000}; ///< from the request to stop until it is killed
  bool supervisor = false; ///< set by supervisor_spec: its siblings wait until its children have started
};

struct supervision {
  strategy how = strategy::one_for_one;
  std::size_t max_restarts =
      5; ///< more than these within the window: stop all children and end with an error
  std::chrono::milliseconds window{10000};
  std::chrono::milliseconds backoff_min{
      50}; ///< doubles with each restart in the window; the wait is a random
  std::chrono::milliseconds backoff_max{5000}; ///< time between half of it and the whole
};

/// Starts the children in order and keeps them as the options say. An exit message stops them in reverse
/// order, each within its grace, and then ends the supervisor with that message's reason. When the intensity
/// is exceeded the supervisor ends with ec::failed, which its own supervisor treats as any child's end.
caf::actor spawn_supervisor(caf::actor_system& sys, placement at, std::vector<child_spec> children,
                            supervision options);

/// The same below another supervisor, as a child.
child_spec supervisor_spec(std::string name, std::vector<child_spec> children, supervision options);

} // namespace tutti::runtime::actor

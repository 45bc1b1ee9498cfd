#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/jobs/memory/engine.hpp"
#include "runtime/jobs/memory/schedules.hpp"

#include <functional>
#include <memory>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::runtime::jobs {

/// What the memory provider keeps. It lives outside the actor, so that jobs survive a restart of the actor.
struct memory_state {
  memory_state(const store_options& options, job_observer* observer) : jobs(options, observer) {}
  memory::memory_jobs jobs;
  memory::memory_schedules schedules;
};

using wall_clock = std::function<unix_ms()>;

/// The provider `memory` of the job port (store.hpp): for one node, gone with the process.
caf::actor spawn_memory_store(caf::event_based_actor& parent, actor::placement at,
                              std::shared_ptr<memory_state> state, wall_clock now);

} // namespace tutti::runtime::jobs

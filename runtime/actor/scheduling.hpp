#pragma once
#include <cstddef>

#include <caf/fwd.hpp>

namespace tutti::runtime::actor {

/// Makes an actor system run its actors from one shared queue, with `threads` threads and at most
/// `messages_a_run` messages before an actor lets others in.
///
/// It is CAF's policy "sharing" (the default, stealing, collapses with many actors: docs/decisions) with two
/// costs taken out. CAF tells its clock thread of each actor that ends, in case timeouts are left: a wake-up
/// for each, through a ring of 64 entries that blocks when it is full. Here only actors that did set a
/// timeout are reported. And its queue allocates a list node for each run.
void use_shared_queue(caf::actor_system_config& config, std::size_t threads, std::size_t messages_a_run);

} // namespace tutti::runtime::actor

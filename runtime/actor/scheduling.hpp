#pragma once
#include <cstddef>
#include <functional>

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

/// Lets a thread that is no worker, such as an I/O thread at the end of its turn, deliver messages and then
/// run the actors that are marked brief (metered::mark_brief), some 500 µs at most: what a request sets off
/// is mostly done before another thread could have woken up. Workers are woken for what is left.
///
/// `feed` is called once, at once, and enqueues its messages with the unit it is given (null with another
/// scheduler).
void lend_thread(caf::actor_system& sys, const std::function<void(caf::execution_unit*)>& feed);

} // namespace tutti::runtime::actor

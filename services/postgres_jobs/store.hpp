#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/jobs/observer.hpp"
#include "runtime/jobs/store_options.hpp"
#include "services/postgres/pool.hpp"

#include <memory>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace tutti::services::postgres_jobs {

/// The job port (runtime/jobs/store.hpp) on PostgreSQL 14 or later, in the tables of migrations 2 to 4. Any
/// number of nodes share them; docs/operator/postgres.md says what is where.
///
/// What changes jobs goes in turns: while one transaction is under way the next one gathers, so a commit is
/// paid for once for many submissions and outcomes, and all that a node tells is in order. Reads see what
/// this actor was sent before them.
///
/// While the server cannot be reached, submissions are answered `unavailable`, requests ec::unavailable, and
/// outcomes wait here until it is back. `database` outlives the actor.
caf::actor spawn_postgres_store(caf::event_based_actor& parent, runtime::actor::placement at,
                                postgres::pool& database, runtime::jobs::store_options options,
                                std::shared_ptr<runtime::jobs::job_observer> observer);

} // namespace tutti::services::postgres_jobs

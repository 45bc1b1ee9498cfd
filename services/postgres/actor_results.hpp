#pragma once
#include "services/postgres/pool.hpp"

#include <cstdint>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

namespace tutti::services::postgres {

/// To the actor that asked, exactly once for each call. Like every message it may come after the actor has
/// lost interest, and never comes to one that has ended.
struct unit_answered {
  std::uint64_t call = 0; ///< the asker's own number
  answer result;
};

/// Runs a unit for an actor. No CAF request, so no timer for each call: the unit's deadline is the pool's to
/// keep.
///
///   constexpr statement load{"guild_load", "SELECT config FROM guild_config WHERE guild_id = $1"};
///   caf::behavior settings(stateful<state>* self, pool& database) {
///     return {
///       [=, &database](std::int64_t guild) { // the pool outlives its actors
///         self->state.asked[++self->state.calls] = self->make_response_promise();
///         run_for(database, self, self->state.calls, unit{}.add(load, guild));
///       },
///       [=](unit_answered& got) { self->state.take(got.call).deliver(…); },
///     };
///   }
void run_for(pool& database, caf::actor asker, std::uint64_t call, unit work);

} // namespace tutti::services::postgres

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::services::postgres::unit_answered)

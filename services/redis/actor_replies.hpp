#pragma once
#include "services/redis/client.hpp"

#include <cstdint>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

namespace tutti::services::redis {

/// The message that answers one send_for().
struct redis_replies {
  std::uint64_t call; ///< as it was passed
  batch_result result;
};

/// As client::send(), for actors: no request timer, no waiting. The client must end before the actor system.
///
///   caf::behavior counter(stateful<counter_state>* self, client& redis) {
///     return {
///       [=, &redis](increment) {
///         command_batch batch;
///         batch.add("INCR", redis.key("count"));
///         send_for(self, redis, std::move(batch), client::clock::now() + 2s, ++self->state.calls);
///       },
///       [=](redis_replies& answer) { // not const: the replies can be moved out
///         if (auto lost = to_error(answer.result))
///           …
///       },
///     };
///   }
void send_for(caf::actor asker, client& to, command_batch batch, client::clock::time_point deadline,
              std::uint64_t call);

} // namespace tutti::services::redis

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::services::redis::redis_replies)

#include "services/redis/actor_replies.hpp"

#include "runtime/actor/scheduling.hpp"

#include <utility>

#include <caf/actor_system.hpp>
#include <caf/make_message.hpp>
#include <caf/message_id.hpp>

namespace tutti::services::redis {

void send_for(caf::actor asker, client& to, command_batch batch, client::clock::time_point deadline,
              std::uint64_t call) {
  // What an answer sets off is mostly short: no other thread is woken for it.
  to.send(std::move(batch), deadline, [asker = std::move(asker), call](batch_result&& result) {
    runtime::actor::lend_thread(asker->home_system(), [&](caf::execution_unit* host) {
      asker->enqueue(nullptr, caf::make_message_id(),
                     caf::make_message(redis_replies{call, std::move(result)}), host);
    });
  });
}

} // namespace tutti::services::redis

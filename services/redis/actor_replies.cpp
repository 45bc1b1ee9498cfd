#include "services/redis/actor_replies.hpp"

#include <utility>

#include <caf/send.hpp>

namespace tutti::services::redis {

void send_for(caf::actor asker, client& to, command_batch batch, client::clock::time_point deadline,
              std::uint64_t call) {
  to.send(std::move(batch), deadline, [asker = std::move(asker), call](batch_result&& result) {
    caf::anon_send(asker, redis_replies{call, std::move(result)});
  });
}

} // namespace tutti::services::redis

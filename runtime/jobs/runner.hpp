#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/jobs/job_types.hpp"

#include <chrono>
#include <cstdint>
#include <memory>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>

namespace tutti::runtime::jobs {

/// Attempts are counted as actors of the type "job:TYPE".
inline constexpr char attempt_type_prefix[] = "job:";

struct runner_options {
  std::uint32_t concurrency = 512;              ///< attempts at once on this node
  std::chrono::milliseconds claim_ttl{30000};   ///< of the store; claims are renewed at a third of it
  std::chrono::milliseconds cancel_grace{5000}; ///< from a cancellation until the attempt is killed
};

/// CAF request → drained, when no attempt runs any more. Stops claiming; attempts that still run at the
/// deadline are killed and handed back. Of several drains the nearest deadline counts.
struct drain_runner {
  std::chrono::milliseconds deadline{0};
};
struct drained {
  std::uint64_t completed = 0; ///< attempts that ended by themselves
  std::uint64_t handed_back = 0;
};
/// As a plain message: claims again. Who waits for a drain gets ec::cancelled.
struct resume_runner {};

/// Claims jobs from `store` and supervises one actor for each attempt: temporary children whose crash is an
/// outcome like another and counts against nobody. When the runner ends, its attempts end with it.
caf::actor spawn_runner(caf::event_based_actor& parent, actor::placement at, caf::actor store,
                        std::shared_ptr<const job_types> types, runner_options options);

} // namespace tutti::runtime::jobs

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::drain_runner)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::drained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::jobs::resume_runner)

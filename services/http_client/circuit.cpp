#include "services/http_client/circuit.hpp"

#include "runtime/telemetry/trace.hpp"

#include <algorithm>

namespace tutti::services::http_client {

bool circuit::admit(clock::time_point now) {
  if (state_ == circuit_state::open && now >= until_)
    state_ = circuit_state::half_open;
  if (state_ == circuit_state::closed)
    return true;
  if (state_ == circuit_state::open || trying_)
    return false;
  trying_ = true;
  return true;
}

void circuit::succeeded() noexcept {
  *this = circuit{*policy_};
}

void circuit::failed(clock::time_point now) {
  if (state_ == circuit_state::open || (state_ == circuit_state::closed && ++failures_ < policy_->failures))
    return; // when open: one that was sent before
  state_ = circuit_state::open;
  trying_ = false;
  auto whole = std::min(policy_->longest_pause, policy_->first_pause * (1U << std::min(pauses_++, 16U)));
  // All nodes have seen the same failure: they must not come back at the same time.
  auto part = static_cast<std::int64_t>(runtime::telemetry::random_bits() % 512);
  until_ = now + whole / 2 + whole * part / 1024;
}

} // namespace tutti::services::http_client

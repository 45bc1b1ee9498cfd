#pragma once
#include <chrono>
#include <cstdint>

namespace tutti::services::http_client {

struct circuit_policy {
  std::uint32_t failures = 5;                   ///< in a row open it
  std::chrono::milliseconds first_pause{2'000}; ///< doubles each time that the trial fails
  std::chrono::milliseconds longest_pause{60'000};
};

enum class circuit_state : std::uint8_t { closed, half_open, open }; // as in the metric

/// Keeps requests from a host that fails: after some failures in a row it is left alone, then one request at
/// a time tries whether it is back.
class circuit {
public:
  using clock = std::chrono::steady_clock;

  explicit circuit(const circuit_policy& policy) : policy_(&policy) {}

  /// Whether a request may be sent. In the half-open state only one is: its end must be told.
  bool admit(clock::time_point now);
  void succeeded() noexcept;
  void failed(clock::time_point now);
  /// It ended without a word about the host.
  void abandoned() noexcept { trying_ = false; }

  circuit_state state() const noexcept { return state_; }
  bool untouched() const noexcept { return state_ == circuit_state::closed && failures_ == 0; }
  clock::time_point opens_at() const noexcept { return until_; }

private:
  const circuit_policy* policy_;
  circuit_state state_ = circuit_state::closed;
  std::uint32_t failures_ = 0; // in a row, while closed
  std::uint32_t pauses_ = 0;   // in a row
  bool trying_ = false;
  clock::time_point until_{}; // of the pause
};

} // namespace tutti::services::http_client

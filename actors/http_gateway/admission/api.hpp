#pragma once
#include "actors/http_gateway/admission/health.hpp"
#include "actors/http_gateway/admission/routes.hpp"
#include "actors/http_gateway/exchange/exchange.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

namespace tutti::actors::http_gateway {

/// Requests that were admitted in one turn of an I/O loop. Counts itself among those that wait.
struct request_batch {
  request_batch(std::vector<request>&& admitted, std::shared_ptr<std::atomic<std::size_t>> count) noexcept
      : requests(std::move(admitted)), waiting(std::move(count)) {}
  ~request_batch() { waiting->fetch_sub(1, std::memory_order_relaxed); }
  request_batch(const request_batch&) = delete;
  request_batch& operator=(const request_batch&) = delete;

  std::vector<request> requests;
  std::shared_ptr<std::atomic<std::size_t>> waiting;
};

/// To the gateway actor.
struct admitted_requests {
  std::shared_ptr<request_batch> batch;
};

struct api_options {
  std::string admin_token; ///< empty: every request is an admin's; then the server must bind loopback only
  double rate_limit = 0;   ///< requests per second and peer address; 0: no bound
  std::chrono::milliseconds request_timeout{30000};
  bool lend_threads = true; ///< the server's threads also run what a request sets off (actor::lend_thread)
};

/// What an HTTP server asks before and hands over after reading a request: routing, then the caller's rate,
/// then authentication, then the body's type and size. Health is answered here without an actor, so that it
/// is told even when no actor runs. Thread-safe.
class api final : public request_handler {
public:
  static constexpr std::size_t max_body = 1 << 20;
  static constexpr std::size_t max_batch_body = 16 << 20;
  /// Batches of up to some hundred requests; beyond it the node is overloaded and says so. The bound stands
  /// here and not at the gateway's mailbox, which must always take the store's answers and its own timer.
  static constexpr std::size_t max_waiting = 1024;

  api(api_options options, std::shared_ptr<health_board> health, runtime::telemetry::metrics& metrics);
  ~api() override;

  /// The gateway actor of now; requests without one are answered 503.
  void connect(caf::actor gateway);

  /// From now on: the node drains, and what it accepted now it might not keep.
  bool serving() const noexcept { return !draining_.load(std::memory_order_acquire); }
  void refuse_submissions() noexcept { draining_.store(true, std::memory_order_release); }

  admission admit(const request_head& head) noexcept override;
  void handle(std::vector<request>&& batch) noexcept override;
  response problem(int status, std::string_view detail, std::string_view target) noexcept override;
  void answered(std::optional<std::uint32_t> route, std::string_view method, int status,
                std::chrono::nanoseconds took) noexcept override;

private:
  class rate_limiter;
  struct route_metrics;

  bool is_admin(const request_head& head) const noexcept;
  admission admit_checked(const request_head& head);

  api_options options_;
  std::shared_ptr<health_board> health_;
  runtime::telemetry::metrics& metrics_;
  std::unique_ptr<rate_limiter> limiter_;
  std::vector<std::unique_ptr<route_metrics>> per_route_; ///< the last one: no route
  std::atomic<bool> draining_{false};
  std::atomic<bool> connected_{false};
  std::shared_ptr<std::atomic<std::size_t>> waiting_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::mutex gateway_lock_;
  caf::actor gateway_;
};

} // namespace tutti::actors::http_gateway

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::actors::http_gateway::admitted_requests)

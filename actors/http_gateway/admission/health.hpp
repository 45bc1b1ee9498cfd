#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace tutti::actors::http_gateway {

enum class health_status : std::uint8_t { healthy, degraded, unhealthy };

struct health_check {
  health_status status = health_status::healthy;
  bool critical = true; ///< its failure makes the node unhealthy, else degraded
  std::chrono::microseconds latency{0};
  std::string detail;
};

/// Asks for the state of something that no actor stands for; called often, so it must be quick.
using health_probe = std::function<health_check()>;

/// What GET /health, /live and /ready answer. Whoever watches a component writes its check here; an HTTP
/// thread reads a rendered copy without asking an actor, so that a stuck scheduler is reported too.
/// Thread-safe.
class health_board {
public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds beat_interval{500};
  static constexpr std::chrono::milliseconds beat_missed{5000}; ///< older: the scheduler makes no progress

  health_board(std::string node, std::string version)
      : node_(std::move(node)), version_(std::move(version)) {}

  void set(const std::string& name, health_check check);
  /// From an actor, every beat_interval: the scheduler runs.
  void beat() noexcept { beat_.store(clock::now().time_since_epoch().count(), std::memory_order_relaxed); }
  void set_ready(bool ready) noexcept { ready_.store(ready, std::memory_order_release); }

  bool ready() const noexcept { return ready_.load(std::memory_order_acquire) && live(); }
  bool live() const noexcept;
  std::chrono::seconds uptime() const noexcept;

  struct rendered {
    int status = 200; ///< 503 only when unhealthy
    std::string body;
  };
  /// At most a quarter of a second old.
  std::shared_ptr<const rendered> read() const;

private:
  rendered render() const;

  std::string node_, version_;
  clock::time_point started_ = clock::now();
  std::atomic<clock::rep> beat_{clock::now().time_since_epoch().count()};
  std::atomic<bool> ready_{false};
  mutable std::mutex lock_;
  std::map<std::string, health_check> checks_;
  mutable std::shared_ptr<const rendered> cached_;
  mutable clock::time_point cached_at_{};
};

} // namespace tutti::actors::http_gateway

#include "actors/http_gateway/admission/health.hpp"

#include "protocols/http_api/json_writer.hpp"

#include <utility>

namespace tutti::actors::http_gateway {
namespace {

constexpr std::chrono::milliseconds cache_time{250};

std::string_view name_of(health_status s) {
  return s == health_status::healthy ? "healthy" : s == health_status::degraded ? "degraded" : "unhealthy";
}

} // namespace

void health_board::set(const std::string& name, health_check check) {
  std::lock_guard guard{lock_};
  auto& known = checks_[name];
  if (known.status != check.status)
    cached_ = nullptr; // a change shows at once
  known = std::move(check);
}

bool health_board::live() const noexcept {
  clock::time_point last{clock::duration{beat_.load(std::memory_order_relaxed)}};
  return clock::now() - last < beat_missed;
}

std::chrono::seconds health_board::uptime() const noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(clock::now() - started_);
}

std::shared_ptr<const health_board::rendered> health_board::read() const {
  std::lock_guard guard{lock_};
  auto now = clock::now();
  if (!cached_ || now - cached_at_ > cache_time) {
    cached_ = std::make_shared<const rendered>(render());
    cached_at_ = now;
  }
  return cached_;
}

health_board::rendered health_board::render() const {
  auto checks = checks_;
  checks["scheduler"] =
      live() ? health_check{}
             : health_check{health_status::unhealthy, true, {}, "the actor scheduler makes no progress"};
  auto overall = health_status::healthy;
  for (auto& [name, check] : checks) {
    auto weight =
        check.status == health_status::unhealthy && !check.critical ? health_status::degraded : check.status;
    overall = std::max(overall, weight);
  }
  rendered out;
  protocols::http_api::json_writer json{out.body};
  json.begin_object()
      .member("status", name_of(overall))
      .member("node", node_)
      .member("version", version_)
      .member("uptimeSeconds", uptime().count())
      .key("checks")
      .begin_object();
  for (auto& [name, check] : checks) {
    json.key(name).begin_object().member("status", name_of(check.status)).member("critical", check.critical);
    json.member("latencyMs", static_cast<double>(check.latency.count()) / 1000.0)
        .member("detail", check.detail);
    json.end_object();
  }
  json.end_object().end_object();
  out.status = overall == health_status::unhealthy ? 503 : 200;
  return out;
}

} // namespace tutti::actors::http_gateway

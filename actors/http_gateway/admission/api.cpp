#include "actors/http_gateway/admission/api.hpp"

#include "actors/http_gateway/admission/answers.hpp"
#include "runtime/actor/scheduling.hpp"
#include "runtime/telemetry/log.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

#include <caf/actor.hpp>
#include <caf/make_message.hpp>
#include <caf/message_id.hpp>

namespace tutti::actors::http_gateway {
namespace {

constexpr std::array<std::string_view, 3> kept_headers = {"idempotency-key", "traceparent", "last-event-id"};
constexpr std::array<std::string_view, 4> kept_batch_headers = {"idempotency-key", "traceparent",
                                                                "last-event-id", "content-type"};

/// Takes the same time wherever the texts differ.
bool same_secret(std::string_view a, std::string_view b) noexcept {
  unsigned different = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    different |=
        static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[b.empty() ? 0 : i % b.size()]);
  return different == 0;
}

bool is_media_type(std::string_view header, std::string_view wanted) noexcept {
  header = header.substr(0, header.find(';'));
  while (!header.empty() && (header.back() == ' ' || header.back() == '\t'))
    header.remove_suffix(1);
  return std::equal(header.begin(), header.end(), wanted.begin(), wanted.end(),
                    [](char x, char y) { return std::tolower(static_cast<unsigned char>(x)) == y; });
}

bool accepts_type(body_kind body, const request_head& head) noexcept {
  if (body == body_kind::none || (body == body_kind::optional_json && !head.has_body))
    return true;
  auto type = head.find("content-type");
  return type
         && (is_media_type(*type, "application/json")
             || (body == body_kind::batch && is_media_type(*type, "application/x-ndjson")));
}

std::string_view known_method(std::string_view method) noexcept {
  for (std::string_view known : {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
    if (known == method)
      return known;
  return "other"; // a label must not grow with what clients send
}

} // namespace

/// A token bucket for each peer address, a second's worth of requests deep.
class api::rate_limiter {
public:
  explicit rate_limiter(double rate) : rate_(rate) {}

  /// Seconds until the next request may come; 0: this one may.
  double wait(std::string_view peer) {
    auto now = std::chrono::steady_clock::now();
    std::lock_guard guard{lock_};
    if (buckets_.size() >= max_peers)
      std::erase_if(buckets_, [&](auto& b) { return now - b.second.at > std::chrono::seconds{1}; });
    if (buckets_.size() >= max_peers)
      return 1;
    auto [i, is_new] = buckets_.try_emplace(std::string{peer}, bucket{std::max(rate_, 1.0), now});
    auto& b = i->second;
    b.tokens =
        std::min(std::max(rate_, 1.0), b.tokens + std::chrono::duration<double>(now - b.at).count() * rate_);
    b.at = now;
    if (b.tokens < 1)
      return (1 - b.tokens) / rate_;
    b.tokens -= 1;
    return 0;
  }

private:
  static constexpr std::size_t max_peers = 100000;
  struct bucket {
    double tokens;
    std::chrono::steady_clock::time_point at;
  };
  double rate_;
  std::mutex lock_;
  std::unordered_map<std::string, bucket> buckets_;
};

struct api::route_metrics {
  std::string pattern, method;
  runtime::telemetry::latency_histogram* duration = nullptr;
  std::array<std::atomic<runtime::telemetry::counter*>, 600> by_status{};
};

api::api(api_options options, std::shared_ptr<health_board> health, runtime::telemetry::metrics& metrics)
    : options_(std::move(options)), health_(std::move(health)), metrics_(metrics) {
  if (options_.rate_limit > 0)
    limiter_ = std::make_unique<rate_limiter>(options_.rate_limit);
  for (auto& r : routes()) {
    auto& made = *per_route_.emplace_back(std::make_unique<route_metrics>());
    made.pattern = r.pattern;
    made.method = r.method;
    made.duration = &metrics_.add_latency("tutti_http_request_duration_seconds",
                                          "Time from a request's head to its answer",
                                          {{"route", made.pattern}, {"method", made.method}});
  }
  per_route_.emplace_back(std::make_unique<route_metrics>())->pattern = "none";
}

api::~api() = default;

void api::connect(caf::actor gateway) {
  std::lock_guard guard{gateway_lock_};
  gateway_ = std::move(gateway);
  connected_.store(static_cast<bool>(gateway_), std::memory_order_release);
}

bool api::is_admin(const request_head& head) const noexcept {
  if (options_.admin_token.empty())
    return true;
  if (auto token = head.find("x-admin-token"))
    return same_secret(*token, options_.admin_token);
  auto authorization = head.find("authorization");
  constexpr std::string_view scheme = "bearer ";
  if (!authorization || authorization->size() < scheme.size())
    return false;
  for (std::size_t i = 0; i < scheme.size(); ++i)
    if (std::tolower(static_cast<unsigned char>((*authorization)[i])) != scheme[i])
      return false;
  return same_secret(authorization->substr(scheme.size()), options_.admin_token);
}

admission api::admit(const request_head& head) noexcept {
  try {
    return admit_checked(head);
  } catch (const std::exception& e) {
    runtime::telemetry::get().error("http.admit error={}", e.what());
    return response{.status = 503, .content_type = "", .body = {}, .headers = "Retry-After: 1\r\n"};
  }
}

admission api::admit_checked(const request_head& head) {
  auto path = head.target.substr(0, head.target.find('?'));
  auto found = find_route(head.method, path);
  if (!found.path_known)
    return problem(404, "there is no such route", head.target);
  if (found.route < 0) {
    auto refused = problem(405, "this route takes " + found.allow, head.target);
    refused.headers += "Allow: " + found.allow + "\r\n";
    return refused;
  }
  auto number = static_cast<std::uint32_t>(found.route);
  auto& r = routes()[number];
  if (r.to == endpoint::health || r.to == endpoint::live || r.to == endpoint::ready) {
    response out;
    out.route = number;
    out.headers = "Cache-Control: no-store\r\n";
    if (r.to == endpoint::health) {
      auto now = health_->read();
      out.status = now->status;
      out.body = now->body;
    } else {
      bool fine = r.to == endpoint::live ? health_->live()
                                         : health_->ready() && connected_.load(std::memory_order_acquire);
      out.status = fine ? 200 : 503;
      out.body = fine ? R"({"status":"ok"})" : R"({"status":"unavailable"})";
    }
    if (out.status == 503)
      out.headers += "Retry-After: 1\r\n";
    return out;
  }
  auto refuse = [&](int status, std::string_view detail) {
    auto out = problem(status, detail, head.target);
    out.route = number;
    return out;
  };
  if (auto wait = limiter_ ? limiter_->wait(head.peer) : 0; wait > 0) {
    auto refused = refuse(429, "too many requests from this address");
    auto seconds = static_cast<std::uint64_t>(std::ceil(std::min(wait, 86400.0)));
    refused.headers = "Retry-After: " + std::to_string(seconds) + "\r\n";
    return refused;
  }
  if (r.needs == access::admin && !is_admin(head)) {
    auto refused = refuse(401, "this route needs the admin token, as Authorization: Bearer or X-Admin-Token");
    refused.headers += "WWW-Authenticate: Bearer realm=\"tutti\"\r\n";
    return refused;
  }
  if (!accepts_type(r.body, head))
    return refuse(415, r.body == body_kind::batch
                           ? "the body must be application/json or application/x-ndjson"
                           : "the body must be application/json");
  if (draining_.load(std::memory_order_acquire)
      && (r.to == endpoint::submit_job || r.to == endpoint::submit_batch || r.to == endpoint::put_schedule))
    return refuse(503, "this node is shutting down: submit to another one");
  admitted out;
  out.route = number;
  out.max_body = r.body == body_kind::batch ? max_batch_body : max_body;
  out.deadline = options_.request_timeout;
  if (r.body == body_kind::batch)
    out.keep = kept_batch_headers;
  else
    out.keep = kept_headers;
  return out;
}

void api::handle(std::vector<request>&& batch) noexcept {
  caf::actor gateway;
  {
    std::lock_guard guard{gateway_lock_};
    gateway = gateway_;
  }
  if (!gateway) // starting, restarting or stopping: the requests answer 503 as they are destroyed
    return;
  if (waiting_->fetch_add(1, std::memory_order_relaxed) < max_waiting) {
    auto feed = [&](caf::execution_unit* host) {
      admitted_requests admitted{std::make_shared<request_batch>(std::move(batch), waiting_)};
      gateway->enqueue(nullptr, caf::make_message_id(), caf::make_message(std::move(admitted)), host);
    };
    if (options_.lend_threads)
      runtime::actor::lend_thread(gateway->home_system(), feed);
    else
      feed(nullptr);
    return;
  }
  waiting_->fetch_sub(1, std::memory_order_relaxed);
  for (auto& r : batch)
    r.reply(problem(503, "too many requests wait here already", r.target));
}

response api::problem(int status, std::string_view detail, std::string_view target) noexcept {
  try {
    return problem_answer(status, std::string{detail}, target);
  } catch (const std::exception&) { // out of memory: the status alone
    response out;
    out.status = status;
    return out;
  }
}

void api::answered(std::optional<std::uint32_t> route, std::string_view method, int status,
                   std::chrono::nanoseconds took) noexcept {
  try {
    auto& known = *per_route_[route ? *route : per_route_.size() - 1];
    if (known.duration)
      known.duration->observe(took);
    auto slot = static_cast<std::size_t>(std::clamp(status, 0, 599));
    auto* counter = known.by_status[slot].load(std::memory_order_acquire);
    if (!counter || !known.duration) {
      counter = &metrics_.add_counter("tutti_http_requests_total", "HTTP requests answered",
                                      {{"route", known.pattern},
                                       {"method", route ? known.method : std::string{known_method(method)}},
                                       {"status", std::to_string(status)}});
      known.by_status[slot].store(counter, std::memory_order_release);
    }
    counter->inc();
  } catch (const std::exception& e) {
    runtime::telemetry::get().error("http.count error={}", e.what());
  }
}

} // namespace tutti::actors::http_gateway

#include "services/http_client/client_core.hpp"

#include "runtime/error.hpp"
#include "runtime/jobs/retry.hpp"
#include "runtime/telemetry/trace.hpp"
#include "services/http_client/retry_after.hpp"

#include <algorithm>
#include <ctime>
#include <string_view>

#include <boost/asio/post.hpp>

namespace tutti::services::http_client {
namespace {

using std::chrono::milliseconds;
namespace outbound = runtime::outbound;
using outbound::http_failure;
using outbound::http_repeat;
using outbound::http_result;

constexpr milliseconds longest_backoff{30'000};
/// Users may name any number of hosts that fail.
constexpr std::size_t max_circuits = 1024;

std::string_view outcome_name(const http_result& result) {
  if (result.failure != http_failure::none)
    return to_string(result.failure);
  constexpr std::string_view classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  auto status = result.response.status;
  return status == 429 ? "429" : classes[std::clamp(status / 100, 1U, 5U) - 1];
}

bool is_passing(unsigned status) {
  return status == 429 || status == 500 || (status >= 502 && status <= 504);
}

} // namespace

client_core::client_core(boost::asio::io_context& context, runtime::telemetry::metrics& metrics,
                         client_options options)
    : context_(context), metrics_(metrics), options_(std::move(options)) {
  multi_ = std::make_shared<multi_loop>(
      context, pool_limits{options_.max_connections, options_.max_connections_to_a_host},
      [this](CURL* which, CURLcode how) { ended(which, how); });
}

// --- from any thread

void client_core::send(outbound::http_request&& request, completion&& done) {
  auto bytes = request.body.size();
  auto wrong = admit(bytes);
  if (wrong.empty()) {
    auto c = std::make_shared<call>(call{std::move(request), std::move(done), {}});
    c->deadline = clock::now() + c->request.timeout;
    std::lock_guard lock{mutex_};
    if (!closed_)
      return boost::asio::post(context_, [self = shared_from_this(), c] { self->start(c); });
    done = std::move(c->done);
    requests_.fetch_sub(1);
    bytes_.fetch_sub(bytes);
    wrong = "the client has been stopped";
  }
  http_result refused;
  refused.failure = http_failure::not_sent;
  refused.reason = std::move(wrong);
  done(std::move(refused));
}

std::string client_core::admit(std::size_t bytes) {
  auto requests = requests_.fetch_add(1) + 1;
  auto whole = bytes_.fetch_add(bytes) + bytes;
  if (requests <= options_.max_requests && whole <= options_.max_bytes)
    return "";
  requests_.fetch_sub(1);
  bytes_.fetch_sub(bytes);
  return "too many requests are under way";
}

void client_core::refuse() {
  std::lock_guard lock{mutex_};
  closed_ = true;
}

// --- a call

void client_core::start(const call_ptr& c) {
  calls_.insert(c);
  c->counted = &metrics_of(c->request.service);
  auto origin = origin_of(c->request.url);
  if (!origin)
    return fail(c, failure::rejected, runtime::words(origin.error()));
  if (!c->request.headers.well_formed())
    return fail(c, failure::rejected, "a header cannot be sent");
  c->host = {c->request.service, std::move(*origin)};
  attempt(c);
}

void client_core::attempt(const call_ptr& c) {
  if (!multi_)
    return; // stopped while its backoff's end was on the way
  auto now = clock::now();
  auto left = std::chrono::ceil<milliseconds>(c->deadline - now);
  if (left <= milliseconds{0})
    return fail(c, failure::not_sent, "the deadline had passed before it could be sent");
  auto& its = circuit_of(c->host);
  if (!its.admit(now)) {
    if (c->result.attempts > 0)
      return finish(c); // what came of the last attempt says more
    auto pause = std::chrono::ceil<milliseconds>(its.opens_at() - now);
    c->result.retry_after = std::max(pause, milliseconds{1});
    return fail(c, failure::circuit_open,
                c->host.second + " has failed too often, it is left alone for a while");
  }
  c->on_trial = its.state() == circuit_state::half_open;
  if (c->on_trial)
    show_circuits(c->host.first);
  c->began = now;
  ++c->result.attempts;
  c->attempt.emplace(c->request, left, options_.connect_timeout, options_.ca_file);
  under_way_.emplace(c->attempt->handle(), c);
  if (!multi_->add(c->attempt->handle()))
    ended(c->attempt->handle(), CURLE_FAILED_INIT);
}

void client_core::ended(CURL* which, CURLcode how) {
  auto found = under_way_.find(which);
  if (found == under_way_.end())
    return; // stopped by another's callback
  auto c = std::move(found->second);
  under_way_.erase(found);
  multi_->remove(which);
  auto outcome = c->attempt->finish(how);
  c->attempt.reset();

  auto now = clock::now();
  c->result.failure = outcome.failure;
  c->result.reason = std::move(outcome.reason);
  c->result.response = std::move(outcome.response);
  auto told = c->result.response.headers.find("retry-after");
  c->result.retry_after =
      told ? parse_retry_after(*told, std::time(nullptr)).value_or(milliseconds{0}) : milliseconds{0};
  count(*c, now);
  judge(*c, now);
  auto pause = retry_in(*c, now);
  if (!pause)
    return finish(c);
  c->backoff.emplace(context_, now + *pause);
  c->backoff->async_wait([self = shared_from_this(), c](const boost::system::error_code& cancelled) {
    if (!cancelled)
      self->attempt(c);
  });
}

void client_core::count(call& c, clock::time_point now) {
  c.counted->count(outcome_name(c.result));
  c.counted->took(now - c.began);
}

void client_core::judge(call& c, clock::time_point now) {
  auto& its = circuit_of(c.host);
  switch (c.result.failure) {
  case failure::rejected:
    if (c.on_trial)
      its.abandoned();
    break;
  case failure::none:
  case failure::too_large:
    // Whoever says 429 or "not so" is well.
    if (c.result.response.status < 500 || c.result.response.status == 501)
      its.succeeded();
    else
      its.failed(now);
    break;
  default:
    its.failed(now);
  }
  show_circuits(c.host.first);
  if (its.untouched())
    circuits_.erase(c.host);
}

std::optional<milliseconds> client_core::retry_in(const call& c, clock::time_point now) const {
  auto& r = c.result;
  auto& q = c.request;
  if (q.repeat == http_repeat::never || r.attempts >= q.max_attempts)
    return std::nullopt;
  bool passing = r.failure == failure::none ? is_passing(r.response.status) : r.failure == failure::broken;
  if (r.failure != failure::not_sent && !(passing && is_repeatable(q)))
    return std::nullopt;
  auto pause = runtime::jobs::retry_delay({q.first_backoff, longest_backoff}, r.attempts);
  if (r.retry_after > milliseconds{0}) // with jitter, too: it was told to all nodes
    pause = r.retry_after + runtime::jobs::retry_delay({q.first_backoff / 2, longest_backoff}, 1);
  if (now + pause >= c.deadline)
    return std::nullopt;
  return pause;
}

void client_core::fail(const call_ptr& c, failure what, std::string why) {
  c->result.failure = what;
  c->result.reason = std::move(why);
  c->result.response = {};
  c->counted->count(outcome_name(c->result));
  finish(c);
}

void client_core::finish(const call_ptr& c) {
  if (calls_.erase(c) == 0)
    return;
  requests_.fetch_sub(1);
  bytes_.fetch_sub(c->request.body.size());
  c->done(std::move(c->result));
}

void client_core::stop() {
  auto calls = std::exchange(calls_, {});
  for (auto& [easy, c] : std::exchange(under_way_, {})) {
    multi_->remove(easy);
    auto outcome = c->attempt->finish(CURLE_ABORTED_BY_CALLBACK);
    c->result.failure = outcome.failure;
    c->attempt.reset();
  }
  // Not here: it may be what has called us.
  boost::asio::post(context_, [self = shared_from_this(), last = std::exchange(multi_, nullptr)] {});
  for (auto& c : calls) {
    if (c->backoff)
      c->backoff->cancel();
    if (c->result.failure == failure::none)
      c->result.failure = failure::not_sent;
    c->result.reason = "the client has been stopped";
    c->done(std::move(c->result));
  }
}

// --- circuits and metrics

circuit& client_core::circuit_of(const circuit_key& host) {
  if (circuits_.size() >= max_circuits && !circuits_.contains(host)) {
    auto is_closed = [](auto& one) { return one.second.state() == circuit_state::closed; };
    auto least = std::find_if(circuits_.begin(), circuits_.end(), is_closed);
    circuits_.erase(least == circuits_.end() ? circuits_.begin() : least);
  }
  return circuits_.try_emplace(host, options_.circuits).first->second;
}

void client_core::show_circuits(const std::string& service) {
  auto worst = circuit_state::closed;
  for (auto one = circuits_.lower_bound({service, ""}); one != circuits_.end() && one->first.first == service;
       ++one)
    worst = std::max(worst, one->second.state());
  metrics_of(service).circuit(static_cast<int>(worst));
}

service_metrics& client_core::metrics_of(const std::string& service) {
  return services_.try_emplace(service, metrics_, service).first->second;
}

} // namespace tutti::services::http_client

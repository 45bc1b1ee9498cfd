#pragma once
#include "runtime/telemetry/trace.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>

/// The port for HTTP requests to the outside.
namespace tutti::runtime::outbound {

/// In the order in which they were added or came.
class http_headers {
public:
  http_headers() = default;
  http_headers(std::initializer_list<std::pair<std::string, std::string>> lines) : lines_(lines) {}

  void add(std::string name, std::string value) { lines_.emplace_back(std::move(name), std::move(value)); }
  /// The first of this name, in whatever case.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  /// Names are tokens, and values hold no control characters: none can pose as another line.
  bool well_formed() const noexcept;

  auto begin() const noexcept { return lines_.begin(); }
  auto end() const noexcept { return lines_.end(); }
  std::size_t size() const noexcept { return lines_.size(); }
  void clear() noexcept { lines_.clear(); }

private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

enum class http_method : std::uint8_t { get, head, post, put, patch, del };
std::string_view to_string(http_method m) noexcept; ///< "GET"

/// Whether one that may have been handled is sent again.
enum class http_repeat : std::uint8_t {
  by_method, ///< GET, HEAD, PUT and DELETE are
  safe,      ///< handled twice does no harm
  never,     ///< one attempt, whatever comes of it: the caller repeats by itself
};

struct http_request {
  std::string service; ///< "spotify": in metrics and logs, one of few
  http_method method = http_method::get;
  std::string url;      ///< http or https; never logged
  http_headers headers; ///< secret
  std::string body;
  std::chrono::milliseconds timeout{10'000};    ///< for all attempts together, from send()
  std::size_t max_response_bytes = 1024 * 1024; ///< of the body, unpacked
  http_repeat repeat = http_repeat::by_method;
  std::uint32_t max_attempts = 4;
  std::chrono::milliseconds first_backoff{500}; ///< doubles with each attempt, full jitter
  bool public_only = false;         ///< a URL that a user gave: no addresses of private or special networks
  telemetry::trace_context trace{}; ///< passed on as `traceparent`, with a span id of its own
};

struct http_response {
  unsigned status = 0;
  http_headers headers;
  std::string body; ///< unpacked
};

enum class http_failure : std::uint8_t {
  none,
  rejected,     ///< not sent, and never will be: a bad URL or header, a private address
  not_sent,     ///< no connection in time, or too many requests are under way
  circuit_open, ///< not sent: this host has failed too often
  deadline,     ///< sent, no answer in time: it may have been handled
  broken,       ///< sent, no whole answer: it may have been handled
  too_large,    ///< handled: the answer exceeds its bound
};
std::string_view to_string(http_failure f) noexcept;

struct http_result {
  http_failure failure = http_failure::none;
  std::string reason;                       ///< for people, of a failure; neither URL nor secrets
  http_response response;                   ///< without failure; any status
  std::chrono::milliseconds retry_after{0}; ///< told by the answer (Retry-After) or the circuit; 0: nothing
  std::uint32_t attempts = 0;               ///< that were made
};

/// unavailable: not sent; timeout: it may have been handled; rejected or malformed: not to be repeated. No
/// error for an answer, whatever its status.
caf::error to_error(const http_result& result);

/// Thread-safe. Outlives the actors that use it.
class http_client {
public:
  using completion = std::function<void(http_result&&)>;

  virtual ~http_client() = default;
  /// Never blocks. `done` is called once, on some thread; it must not block or throw.
  virtual void send(http_request request, completion done) = 0;
};

/// The message that answers one send_for().
struct http_answered {
  std::uint64_t call = 0; ///< as it was passed
  http_result result;
};

/// For actors: no request timer, the request's own deadline is kept by the client.
///
///   send_for(self, http, {.service = "lavalink", .url = …}, ++self->state.calls);
///   …
///   [=](http_answered& got) { … std::move(got.result.response.body) … } // not const: it can be moved out
void send_for(caf::actor asker, http_client& to, http_request request, std::uint64_t call);

} // namespace tutti::runtime::outbound

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::outbound::http_answered)

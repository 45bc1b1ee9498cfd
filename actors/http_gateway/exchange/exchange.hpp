#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What the gateway and an HTTP server say to each other. The server (services/http) does the protocol; the
/// gateway decides what a request may do and what it gets. Nothing here knows sockets or CAF.
namespace tutti::actors::http_gateway {

struct header {
  std::string_view name; ///< as received; names are case-insensitive
  std::string_view value;
};

/// A request whose header block is complete and whose body has not been read. Valid during the call only.
struct request_head {
  std::string_view method;
  std::string_view target; ///< origin form as received, percent-encoded, with the query
  std::span<const header> headers;
  std::string_view peer; ///< IP address of the client, without the port
  bool has_body = false; ///< a Content-Length above 0, or chunked

  /// The first header of that name (any case), or nothing.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
};

/// A bounded source of server-sent events that a connection pulls at its own pace.
class event_feed {
public:
  virtual ~event_feed() = default;
  /// Appends the events that are due, rendered as text/event-stream, up to about `max_bytes`.
  virtual void pull(std::string& out, std::size_t max_bytes) = 0;
  /// `wake` is called, from any thread, when new events may be there, until the feed is destroyed. Called
  /// once.
  virtual void on_ready(std::function<void()> wake) = 0;
};

struct response {
  int status = 200;
  std::string_view content_type = "application/json"; ///< of static storage
  std::string body;
  std::string headers;                ///< further complete lines, each ending in CRLF
  std::shared_ptr<event_feed> feed;   ///< set: the answer streams until the client leaves or the server stops
  bool close = false;                 ///< end the connection after this answer
  std::optional<std::uint32_t> route; ///< of an admission that answers at once and knows it, for answered()
};

/// Where answers go; implemented by the server's connection. Thread-safe, never blocks.
class reply_channel {
public:
  virtual ~reply_channel() = default;
  virtual void deliver(std::uint64_t slot, response&& answer) noexcept = 0;
  /// The client has gone or the request's deadline has passed: an answer would reach nobody.
  virtual bool abandoned(std::uint64_t slot) const noexcept = 0;
};

/// One answer that is owed. When it is destroyed unanswered, the client gets the server's 503, so that a
/// request lost with a dying actor ends at once.
class responder {
public:
  responder() = default;
  responder(std::shared_ptr<reply_channel> channel, std::uint64_t slot) noexcept
      : channel_(std::move(channel)), slot_(slot) {}
  responder(responder&&) noexcept = default;
  responder& operator=(responder&& other) noexcept;
  ~responder() { drop(); }

  void operator()(response&& answer) noexcept;
  bool abandoned() const noexcept { return !channel_ || channel_->abandoned(slot_); }

private:
  void drop() noexcept;
  std::shared_ptr<reply_channel> channel_;
  std::uint64_t slot_ = 0;
};

/// A complete request that was admitted.
struct request {
  std::uint32_t route = 0; ///< from the admission
  std::string method;
  std::string target;
  std::string body;
  std::vector<std::pair<std::string, std::string>>
      headers; ///< those that the admission kept; lower-case names
  std::string peer;
  std::chrono::steady_clock::time_point received;
  std::chrono::steady_clock::time_point deadline;
  responder reply;

  std::optional<std::string_view> find(std::string_view lower_case_name) const noexcept;
};

/// The head is fine: read the body, then hand the request over.
struct admitted {
  std::uint32_t route = 0;
  std::size_t max_body = 0;                  ///< bytes; more is answered 413
  std::span<const std::string_view> keep;    ///< lower-case names of the headers to copy; of static storage
  std::chrono::milliseconds deadline{30000}; ///< from the head's arrival to the answer
};

/// Answer at once, without the body.
using admission = std::variant<admitted, response>;

/// What a server needs of the gateway. Both are called on I/O threads and must not block.
class request_handler {
public:
  virtual ~request_handler() = default;
  virtual admission admit(const request_head& head) noexcept = 0;
  /// Takes all requests that became complete in one turn of the I/O loop.
  virtual void handle(std::vector<request>&& batch) noexcept = 0;
  /// An answer that the server itself gives (400, 408, 413, 431, 503, 504 …) as problem+json.
  virtual response problem(int status, std::string_view detail, std::string_view target) noexcept = 0;
  /// After each answer was written, for metrics. `route` is empty when none was matched.
  virtual void answered(std::optional<std::uint32_t> route, std::string_view method, int status,
                        std::chrono::nanoseconds took) noexcept = 0;
};

} // namespace tutti::actors::http_gateway

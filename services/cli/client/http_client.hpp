#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tutti::services::cli {

struct http_request {
  std::string method = "GET";
  std::string path; ///< with its query, beginning with "/"
  std::string body{};
  std::string content_type{};         ///< empty: no body
  std::vector<std::string> headers{}; ///< "Name: value"
};

struct http_answer {
  int status = 0;
  std::string content_type;
  std::string body;
  std::optional<std::chrono::milliseconds> retry_after;

  bool fine() const noexcept { return status >= 200 && status < 300; }
};

/// Why there is no answer.
struct no_answer {
  enum class kind : std::uint8_t { unreachable, timed_out, broken, interrupted };
  kind why = kind::broken;
  std::string words; ///< "connection refused"
};

struct http_options {
  std::string url = "http://127.0.0.1:3000"; ///< http or https, without a slash at the end
  std::string token;                         ///< empty: none
  std::chrono::milliseconds timeout{30000};  ///< of one exchange
  std::function<bool()> stop;                ///< asked about once a second while it waits; may be empty
};

/// Talks to one node, one exchange at a time over one kept connection.
class http_client {
public:
  using outcome = std::variant<http_answer, no_answer>;

  explicit http_client(http_options options);
  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  outcome send(const http_request& request);
  /// A body of 200 goes to `sink` as it arrives, until that returns false; without a timeout.
  outcome stream(const http_request& request, const std::function<bool(std::string_view)>& sink);

  const std::string& url() const noexcept;

private:
  struct state;
  outcome perform(const http_request& request, const std::function<bool(std::string_view)>* sink);

  std::unique_ptr<state> state_;
};

/// What is wrong with a base address, or "".
std::string check_url(std::string_view url);

/// One path segment, or one query value.
std::string percent_encoded(std::string_view text);

/// "/jobs?status=dead&limit=5"; parameters with an empty value are left out.
std::string with_query(std::string path, const std::vector<std::pair<std::string, std::string>>& parameters);

} // namespace tutti::services::cli

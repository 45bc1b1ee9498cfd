#pragma once
#include "services/http/server.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::tests::services_http {

namespace gateway = actors::http_gateway;
using tutti::services::http::server;
using tutti::services::http::server_options;

inline constexpr std::chrono::seconds patience{10};

/// Waits until `condition` holds; false when it did not in time.
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds deadline = patience);

struct reply {
  int status = 0;
  std::string head; ///< with the status line
  std::string body;
  /// Empty when it is not there.
  std::string field(std::string_view name) const;
};

/// A client that sends exactly what it is told. Its reads end in an exception after `patience`.
class raw_client {
public:
  explicit raw_client(std::uint16_t port, int receive_buffer = 0);
  raw_client(raw_client&& other) noexcept;
  raw_client(const raw_client&) = delete;
  ~raw_client();

  void send(std::string_view bytes);
  /// As much as the server takes now.
  std::size_t try_send(std::string_view bytes);
  void send_fin();
  void reset();
  /// The next answer. `bodiless`: to a HEAD request.
  reply read(bool bodiless = false);
  /// Until `text` has come; what came up to its end.
  std::string read_until(std::string_view text);
  /// Until the server closes.
  std::string read_rest();
  /// The server closes, or has reset, without another byte.
  bool closed();

private:
  bool fill(); // false: the end
  int socket_ = -1;
  std::string input_;
};

/// A gateway that answers `GET /now` by admission, takes everything else with at most 1000 body bytes, and
/// records it.
class recorder final : public gateway::request_handler {
public:
  struct finished {
    std::optional<std::uint32_t> route;
    std::string method;
    int status = 0;
  };

  std::function<std::optional<gateway::admission>(const gateway::request_head&)> on_admit;
  std::chrono::milliseconds deadline{30000};

  gateway::admission admit(const gateway::request_head& head) noexcept override;
  void handle(std::vector<gateway::request>&& batch) noexcept override;
  gateway::response problem(int status, std::string_view detail, std::string_view target) noexcept override;
  void answered(std::optional<std::uint32_t> route, std::string_view method, int status,
                std::chrono::nanoseconds took) noexcept override;

  /// The next request; throws when none comes.
  gateway::request take();
  std::size_t waiting();
  std::vector<std::size_t> batches();
  std::vector<finished> answers();

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<gateway::request> requests_;
  std::size_t taken_ = 0;
  std::vector<std::size_t> batches_;
  std::vector<finished> answers_;
};

/// A server on a free port with a recorder behind it.
struct served {
  explicit served(server_options options = {}) : http(std::move(options), gate) { http.start(); }
  raw_client connect(int receive_buffer = 0) { return raw_client(http.port(), receive_buffer); }

  std::shared_ptr<recorder> gate = std::make_shared<recorder>();
  server http;
};

} // namespace tutti::tests::services_http

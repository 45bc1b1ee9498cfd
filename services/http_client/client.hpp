#pragma once
#include "runtime/outbound/http.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "services/http_client/circuit.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

namespace tutti::services::http_client {

class client_core;

struct client_options {
  std::string ca_file; ///< PEM, for https; empty: the system's authorities
  /// Bounds on the requests under way and their bodies; one beyond them is not sent.
  std::size_t max_requests = 4096;
  std::size_t max_bytes = 64 * 1024 * 1024;
  long max_connections = 256;
  long max_connections_to_a_host = 32;
  std::chrono::milliseconds connect_timeout{5'000}; ///< of an attempt: name, TCP and TLS
  circuit_policy circuits;                          ///< one for each service and host
};

/// HTTP requests by curl, all on one loop: connections are kept and shared, HTTP/2 is spoken where it is
/// offered, answers may be packed (gzip). Redirects are answers like any other. Ends before the actor system.
///
/// A request is repeated after 429, 500, 502, 503, 504 or a broken connection if it may be
/// (http_request::repeat), and when it was surely not sent; after the backoff or what Retry-After says, and
/// only if that is over before its deadline. Otherwise the last answer or failure is the result.
class client final : public runtime::outbound::http_client {
public:
  /// `context` is run by one thread, and for as long as the client lives.
  client(boost::asio::io_context& context, runtime::telemetry::metrics& metrics, client_options options);
  /// As stop().
  ~client() override;

  /// `done` is called on the I/O thread, or before send() returns when a bound is reached or after stop().
  void send(runtime::outbound::http_request request, completion done) override;
  /// Ends all requests; each `done` has been called then. Waits for the loop, unless called on it.
  void stop();

private:
  std::shared_ptr<client_core> core_;
};

} // namespace tutti::services::http_client

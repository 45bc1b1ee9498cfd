#pragma once
#include "actors/http_gateway/exchange/exchange.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace tutti::services::http {

struct server_options {
  std::string address = "127.0.0.1"; ///< numeric, IPv4 or IPv6
  std::uint16_t port = 0;            ///< 0 picks one
  std::size_t threads = 1;           ///< I/O threads, each with a loop of its own; 1 to 256

  /// Beyond these a client gets 503 with Retry-After. Lowered to what the limit of open files leaves.
  std::size_t max_connections = 20000;
  std::size_t max_header_bytes = 16 * 1024; ///< request line and fields: 431 beyond; 512 bytes to 1 MiB
  std::size_t max_request_line = 8 * 1024;  ///< 414 beyond
  std::size_t max_headers = 100;
  std::size_t max_pipelined = 64; ///< requests of one connection in flight; reading pauses there; 1 to 64
  std::size_t max_pipelined_bytes = 1024 * 1024; ///< of their bodies; at it, no further request is read
  bool keep_alive = true;                        ///< false: every answer ends its connection

  std::chrono::milliseconds header_timeout{10000}; ///< from a request's first byte to the end of its head
  std::chrono::milliseconds body_timeout{30000};   ///< from there to the end of its body
  std::chrono::milliseconds idle_timeout{75000};   ///< between requests
  std::chrono::milliseconds write_timeout{30000};  ///< without the client taking a byte of what is written
  std::chrono::milliseconds linger_timeout{2000};  ///< for a client to read the last answer before the close
  std::chrono::milliseconds heartbeat{15000};      ///< between the comments on a quiet event stream

  /// What is wrong with these values, or nothing.
  std::string validate() const;
};

struct server_stats {
  std::size_t open_connections = 0;
  std::size_t in_flight = 0;        ///< requests that are owed an answer
  std::size_t feeds = 0;            ///< event streams
  std::uint64_t accepted = 0;       ///< connections, since the start
  std::uint64_t rejected = 0;       ///< connections refused for being too many
  std::size_t connection_limit = 0; ///< max_connections, as lowered by the limit of open files
};

/// An HTTP/1.1 server for one request_handler: keep-alive, pipelining, event streams, limits on everything.
class server {
public:
  server(server_options options, std::shared_ptr<actors::http_gateway::request_handler> handler);
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Stops at once when still running.
  ~server();

  /// Listens and serves. Throws std::invalid_argument for bad options, std::system_error when the address
  /// is taken or may not be used; both say which.
  void start();
  /// The port that start() bound.
  std::uint16_t port() const noexcept;
  /// Accepts no more, closes idle connections, ends feeds, lets answers in flight finish (with
  /// `Connection: close`); after `deadline` closes the rest. Returns when all threads have ended. Not from
  /// within a handler.
  void stop(std::chrono::milliseconds deadline);
  server_stats stats() const noexcept;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace tutti::services::http

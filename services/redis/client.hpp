#pragma once
#include "services/redis/pending_call.hpp"
#include "services/redis/protocol/handshake.hpp"
#include "services/redis/protocol/url.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

namespace tutti::services::redis {

class client_core;

struct client_state {
  bool connected = false;
  std::string reason;                      ///< why not; empty before the first attempt has ended
  bool refused = false;                    ///< it is the log-in or the server's kind: waiting will not help
  server_facts server;                     ///< of the present connection, or the last one
  std::chrono::microseconds round_trip{0}; ///< of the latest answer, waiting included
};

struct client_options {
  server_address server;
  std::string name = "tutti"; ///< in the server's CLIENT LIST
  std::string key_prefix;
  std::string ca_file; ///< PEM, for rediss; empty: the system's authorities
  /// Bounds on what is queued and in flight together; a batch beyond them is not sent.
  std::size_t max_commands = 256 * 1024;
  std::size_t max_bytes = 64 * 1024 * 1024;
  std::size_t max_reply_bytes = 64 * 1024 * 1024; ///< of one reply; a larger one ends the connection
  /// To be connected, TLS and log-in included; also for the answer to a ping.
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds ping_interval{2'000}; ///< while nothing else is sent
  std::chrono::milliseconds longest_delay{2'000}; ///< before it tries to connect again; at least 1 ms
  /// Called on the I/O thread when `connected` or `reason` changes. Must not throw or block.
  std::function<void(const client_state&)> on_change = {};
};

struct client_counters {
  std::uint64_t connects = 0;
  std::uint64_t losses = 0; ///< of connections that were ready
  std::uint64_t commands = 0;
  std::uint64_t server_errors = 0;
  std::uint64_t scripts_loaded = 0; ///< batches that had to be repeated in part
  std::uint64_t not_sent = 0;       ///< batches
  std::uint64_t unknown = 0;        ///< batches
};

/// Redis over one connection that all callers share: what they send in one turn of the loop leaves in one
/// write, replies are matched in order. Connects by itself, again and again (backoff with jitter). Nothing is
/// sent a second time, but for script calls that the server refused as unknown.
///
/// - A batch fails at its deadline. When it was the oldest on the connection, this counts as broken.
/// - Once connecting has failed, batches are refused at once until it succeeds; while the first attempt is
///   under way they wait.
/// - A server that answers READONLY is left: another one may be the master now.
/// - Blocking reads (XREADGROUP BLOCK, BLPOP) need a client of their own, and a deadline beyond their BLOCK;
///   stop() ends them at once.
///
/// All members may be called from any thread.
class client {
public:
  using clock = pending_call::clock;

  /// Starts to connect. `context` is run by one thread, and for as long as the client lives.
  client(boost::asio::io_context& context, client_options options);
  /// As stop().
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Never blocks. `done` is called once: on the I/O thread, or before send() returns when the batch exceeds
  /// the bounds, is empty or incomplete, or comes after stop().
  void send(command_batch batch, clock::time_point deadline, completion done);

  /// `name` with the configured prefix.
  std::string key(std::string_view name) const;

  client_state state() const;
  client_counters counters() const;

  /// Closes the connection, after which each `done` has been called. Waits for the I/O thread, unless called
  /// on it.
  void stop();

private:
  std::shared_ptr<client_core> core_;
};

} // namespace tutti::services::redis

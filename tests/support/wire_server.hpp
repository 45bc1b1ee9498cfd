#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include <openssl/types.h>

namespace tutti::tests {

/// One accepted connection of a wire_server. Its calls block; they throw std::runtime_error when the
/// connection has ended or nothing came for 20 s.
class wire {
public:
  wire(int socket, SSL* tls) : socket_(socket), tls_(tls) {}
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

  /// What has come, at least a byte.
  std::string read_some();
  /// Exactly so many bytes.
  std::string read(std::size_t size);
  /// Up to and with `mark`.
  std::string read_until(std::string_view mark);
  void write(std::string_view bytes);
  /// Until the client ends the connection; true: orderly, not by a reset.
  bool read_end();
  /// The client gets an orderly end.
  void close();
  /// The client gets a reset.
  void reset();

private:
  std::size_t receive(char* to, std::size_t size); // 0: the end
  int socket_;
  SSL* tls_;
  bool was_reset_ = false;
  std::string ahead_;
};

struct wire_options {
  bool tls = false;
  std::string certificate = "localhost"; ///< the name in it
};

/// A server on the loopback that does with each connection what a function says, each in a thread of its own.
/// With TLS its certificate is of a new throw-away CA.
class wire_server {
public:
  /// An exception ends the connection. `number` counts the connections from 0.
  using script = std::function<void(wire& with, std::size_t number)>;

  explicit wire_server(script what, wire_options options = {});
  /// Ends all connections.
  ~wire_server();
  wire_server(const wire_server&) = delete;
  wire_server& operator=(const wire_server&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  /// "http" gives http://127.0.0.1:PORT, or https://localhost:PORT with TLS.
  std::string url(const std::string& scheme) const;
  std::string ca_file() const { return folder_ / "ca.crt"; }
  std::size_t connections() const noexcept { return connections_; }
  /// With TLS: the protocols that the last client offered, as ALPN has them.
  std::string offered() const;

private:
  struct visit {
    int socket = -1;
    std::thread thread;
  };
  void listen();
  void serve(int socket, std::size_t number);

  script what_;
  wire_options options_;
  std::filesystem::path folder_;
  std::shared_ptr<SSL_CTX> tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_{0};
  mutable std::mutex mutex_;
  std::string offered_; // guarded by mutex_
  std::function<void(std::string)> note_ = [this](std::string offer) {
    std::lock_guard lock{mutex_};
    offered_ = std::move(offer);
  };
  std::list<visit> visits_; // guarded by mutex_; sockets are closed at the end only
  bool stopping_ = false;   // guarded by mutex_
  std::thread thread_;
};

/// Waits until `condition` holds; false when it did not within 10 s.
bool eventually(const std::function<bool()>& condition);

} // namespace tutti::tests

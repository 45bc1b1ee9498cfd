#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include <sys/types.h>

namespace tutti::tests {

/// A PostgreSQL server of its own in a temporary folder, on a free port of 127.0.0.1 and on a Unix socket;
/// ended and removed with this object, and ended with the test program however that ends. As root it runs as
/// user `postgres`. What initdb makes is kept in the build folder; servers start from copies.
class postgres_server {
public:
  enum class login : std::uint8_t { trust, password, tls };

  /// Started and answering. The superuser is tutti, with password "sesame!" but for `trust`; `tls` takes
  /// connections with TLS only, with a certificate for localhost and no other name.
  explicit postgres_server(login how = login::trust);
  ~postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  std::string url(const std::string& database = "postgres") const;
  /// The same with another user information ("user:password").
  std::string url_as(const std::string& user, const std::string& database = "postgres") const;
  std::string socket_url() const;
  std::filesystem::path certificate() const { return folder_ / "server.crt"; }
  std::uint16_t port() const noexcept { return port_; }

  /// SIGKILL to all of its processes.
  void kill();
  /// On the same port with the same data, after kill(); returns when it answers.
  void start();
  void freeze(); ///< SIGSTOP to all of its processes
  void thaw();

private:
  void make_certificate() const;
  void spawn();
  bool ready() const;

  std::filesystem::path folder_;
  login how_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1; ///< of the postmaster; -1: it does not run
};

} // namespace tutti::tests

#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace tutti::tests {

struct redis_server_options {
  std::vector<std::string> arguments; ///< as on its command line: {"--appendonly", "yes"}
  std::string password;               ///< of the default user
  bool tls = false; ///< TLS only, with a certificate for the name localhost, by a CA of its own
};

/// A real redis-server on a free port of the loopback, with a temporary folder. It dies with the test,
/// however that ends. Everything throws when it does not work out in time.
class redis_server {
public:
  explicit redis_server(redis_server_options options = {});
  /// Kills it, removes its folder.
  ~redis_server();
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  /// Without user and password.
  std::string url() const;
  std::filesystem::path ca_file() const { return folder_ / "ca.crt"; }

  /// On the same port, with what it has saved; returns when it is ready.
  void start();
  void stop(); ///< SIGTERM
  void kill(); ///< SIGKILL
  void freeze();
  void thaw();
  /// Takes this many bytes off the end of the append-only file, as a lost tail; while it is stopped.
  void cut_append_only_file(std::size_t bytes);

  /// What redis-cli prints for this command; it is not our client.
  std::string cli(const std::vector<std::string>& words) const;

private:
  void make_certificates() const;
  bool launch();
  void end(int signal);

  redis_server_options options_;
  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

} // namespace tutti::tests

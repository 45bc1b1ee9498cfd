#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <signal.h>
#include <sys/types.h>

namespace tutti::services::cli {

/// A node as a child process of this program's own binary, with everything in memory and none of our
/// environment's settings. It is killed when this object or this process ends.
class child_node {
public:
  /// `port` 0: any free one. `mask` is its signal mask. Throws `failure`.
  child_node(std::uint16_t port, const sigset_t& mask);
  ~child_node();
  child_node(const child_node&) = delete;
  child_node& operator=(const child_node&) = delete;

  /// Its HTTP port, once its log says it; nothing before.
  std::optional<std::uint16_t> port() const;
  /// The wait status (waitpid) once it has ended.
  std::optional<int> ended();
  /// SIGTERM, and the wait status; nothing, and SIGKILL, when it does not end in time.
  std::optional<int> stop(std::chrono::milliseconds patience);

  pid_t pid() const noexcept { return pid_; }
  const std::string& log_file() const noexcept { return log_; }
  /// The last lines of its log.
  std::string log_tail() const;
  /// For when nobody will want it.
  void delete_log() noexcept;

private:
  pid_t pid_ = -1;
  std::string log_;
  std::optional<int> status_;
};

/// "exit code 1", "signal 9 (Killed)"
std::string status_text(int wait_status);

} // namespace tutti::services::cli

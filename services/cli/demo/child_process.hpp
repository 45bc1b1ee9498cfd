#pragma once
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <signal.h>
#include <sys/types.h>

namespace tutti::services::cli {

/// A user to become, which only root can.
struct account {
  uid_t user;
  gid_t group;
};

struct child_options {
  std::string program;                ///< its path
  std::vector<std::string> arguments; ///< the first is the name that it sees
  /// Beside PATH, HOME, the locale and the like; never our other settings, so that the demo is the same
  /// everywhere.
  std::vector<std::string> environment;
  std::string folder; ///< to work in
  std::string log;    ///< file for its outputs, which are added
  std::optional<account> as;
  int death_signal = SIGKILL; ///< what it gets when this process ends in any way
};

/// A child in a process group of its own, so that Ctrl-C is for this process alone. Killed when this object
/// ends.
class child_process {
public:
  /// `mask` is its signal mask. Throws `failure`.
  child_process(child_options options, const sigset_t& mask);
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// The wait status (waitpid) once it has ended.
  std::optional<int> ended();
  void signal(int number);
  /// Waits for its end; SIGKILL, and nothing, when that takes longer.
  std::optional<int> wait(std::chrono::milliseconds patience);

  pid_t pid() const noexcept { return pid_; }
  std::string log() const;
  /// The last lines of its log.
  std::string log_tail() const;

private:
  child_options options_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

/// "exit code 1", "signal 9 (Killed)"
std::string status_text(int wait_status);
bool exited_well(std::optional<int> wait_status);

} // namespace tutti::services::cli

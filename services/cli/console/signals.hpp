#pragma once
#include <chrono>

#include <signal.h>

namespace tutti::services::cli {

/// Holds back SIGINT, SIGTERM and SIGHUP while it lives and lets them be asked for, so that a command ends in
/// its own way. For a program with one thread.
class signals {
public:
  signals();
  ~signals();
  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;

  /// Whether one has come so far.
  bool stop() noexcept;
  /// Waits for one, or for SIGCHLD.
  bool stop_within(std::chrono::milliseconds time) noexcept;
  /// Throws `interrupted` once one has come; else returns after `time`.
  void pause(std::chrono::milliseconds time);

  /// What was in force before, for a child to restore.
  const sigset_t& before() const noexcept { return before_; }

private:
  sigset_t waited_{}, before_{};
  bool stopped_ = false;
};

} // namespace tutti::services::cli

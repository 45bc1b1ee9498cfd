#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace tutti::tests {

/// For whatever a test waits for: only reached when something is broken.
inline constexpr std::chrono::seconds process_deadline{60};

/// The built `tutti` as a child process, its outputs in temporary files. Killed when this object, or the
/// test, ends.
class process {
public:
  /// `environment` replaces ours but for PATH and the like. `input` is its standard input.
  explicit process(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment = {}, const std::string& input = {});
  ~process();
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  std::string out() const;
  std::string err() const;
  void signal(int number) const;
  pid_t pid() const noexcept { return pid_; }
  /// The exit code, or 1000 + the signal; nothing when it did not end in time.
  std::optional<int> wait(std::chrono::milliseconds time = process_deadline);

private:
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
  std::optional<int> code_;
};

/// Asks until it is true, or for too long.
bool eventually(const std::function<bool()>& condition);

} // namespace tutti::tests

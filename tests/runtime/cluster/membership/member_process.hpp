#pragma once
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace tutti::tests::membership {

/// member_main.cpp as a child. Killed with this object, and with the test.
class member_process {
public:
  explicit member_process(std::vector<std::string> arguments);
  ~member_process();
  member_process(const member_process&) = delete;
  member_process& operator=(const member_process&) = delete;

  std::string port(); ///< waits for it
  /// The latest line that begins with this word, without it.
  std::string latest(const std::string& word);
  bool ever(const std::string& text);
  void signal(int number) const;
  pid_t pid() const noexcept { return pid_; }

private:
  void read(int from);

  pid_t pid_ = -1;
  std::mutex lock_;
  std::vector<std::string> lines_;
  std::thread reader_;
};

} // namespace tutti::tests::membership

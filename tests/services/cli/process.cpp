#include "tests/services/cli/process.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tutti::tests {
namespace {

using clock = std::chrono::steady_clock;

std::string content(int fd) {
  struct stat info {};
  ::fstat(fd, &info);
  std::string out(static_cast<std::size_t>(info.st_size), '\0');
  auto got = ::pread(fd, out.data(), out.size(), 0);
  out.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& t : texts)
    out.push_back(t.data());
  out.push_back(nullptr);
  return out;
}

} // namespace

process::process(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                 const std::string& input) {
  out_ = ::memfd_create("out", MFD_CLOEXEC);
  err_ = ::memfd_create("err", MFD_CLOEXEC);
  int in = ::memfd_create("in", MFD_CLOEXEC);
  if (::write(in, input.data(), input.size()) != static_cast<ssize_t>(input.size()))
    throw std::runtime_error("no input");
  ::lseek(in, 0, SEEK_SET);
  std::vector<std::string> all{TUTTI_BINARY}, kept = environment;
  all.insert(all.end(), arguments.begin(), arguments.end());
  for (auto* name :
       {"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"})
    if (auto* value = std::getenv(name))
      kept.push_back(std::string{name} + "=" + value);
  auto argument_pointers = pointers(all), environment_pointers = pointers(kept);
  auto parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
      ::_exit(127);
    ::dup2(in, STDIN_FILENO);
    ::dup2(out_, STDOUT_FILENO);
    ::dup2(err_, STDERR_FILENO);
    ::execve(TUTTI_BINARY, argument_pointers.data(), environment_pointers.data());
    ::_exit(127);
  }
  ::close(in);
  if (pid_ < 0)
    throw std::runtime_error("no process");
}

process::~process() {
  if (!wait(std::chrono::milliseconds{0})) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(out_);
  ::close(err_);
}

std::string process::out() const {
  return content(out_);
}

std::string process::err() const {
  return content(err_);
}

void process::signal(int number) const {
  ::kill(pid_, number);
}

std::optional<int> process::wait(std::chrono::milliseconds time) {
  auto until = clock::now() + time;
  for (;;) {
    int status = 0;
    if (!code_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
      code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    if (code_ || clock::now() >= until)
      return code_;
    ::poll(nullptr, 0, 5);
  }
}

bool eventually(const std::function<bool()>& condition) {
  auto until = clock::now() + process_deadline;
  while (!condition()) {
    if (clock::now() > until)
      return false;
    ::poll(nullptr, 0, 10);
  }
  return true;
}

} // namespace tutti::tests

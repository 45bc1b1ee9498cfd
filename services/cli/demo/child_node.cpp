#include "services/cli/demo/child_node.hpp"

#include "services/cli/failure.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tutti::services::cli {
namespace {

constexpr std::chrono::milliseconds check_pause{20};

/// What a node may inherit: never its settings, so that the demo is the same everywhere.
bool inherited(std::string_view entry) {
  constexpr std::array<std::string_view, 8> names{
      "PATH=", "HOME=", "LANG=", "LC_", "TZ=", "TMPDIR=", "LD_LIBRARY_PATH=", "MALLOC_"};
  constexpr std::array<std::string_view, 4> sanitizers{
      "ASAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=", "UBSAN_OPTIONS="};
  auto begins = [&](std::string_view name) { return entry.starts_with(name); };
  return std::any_of(names.begin(), names.end(), begins)
         || std::any_of(sanitizers.begin(), sanitizers.end(), begins);
}

std::vector<std::string> child_environment(std::uint16_t port) {
  std::vector<std::string> out;
  for (auto** entry = environ; *entry; ++entry)
    if (inherited(*entry))
      out.emplace_back(*entry);
  out.push_back("PORT=" + std::to_string(port));
  out.emplace_back("TUTTI_NODE_NAME=demo");
  out.emplace_back("TUTTI_LOG_FORMAT=json");
  out.emplace_back("LOG_LEVEL=info");
  // Few enough that jobs wait for each other: then priorities and bars have something to show.
  out.emplace_back("TUTTI_JOBS_CONCURRENCY=64");
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& t : texts)
    out.push_back(t.data());
  out.push_back(nullptr);
  return out;
}

/// In the child, before exec: only what is safe after fork.
[[noreturn]] void become_node(pid_t parent, int log, int null, const sigset_t& mask, char* const* arguments,
                              char* const* environment) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) // it ended before that was set
    _exit(127);
  setpgid(0, 0); // Ctrl-C is for the demo, which then stops the node
  dup2(null, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  execve("/proc/self/exe", arguments, environment);
  dprintf(STDERR_FILENO, "cannot run /proc/self/exe: error %d\n", errno);
  _exit(127);
}

struct descriptor {
  int fd = -1;
  explicit descriptor(int number) : fd(number) {}
  ~descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
};

std::string read_all(const std::string& name) {
  std::ifstream from{name, std::ios::binary};
  return {std::istreambuf_iterator<char>{from}, {}};
}

} // namespace

child_node::child_node(std::uint16_t port, const sigset_t& mask) {
  auto* folder = std::getenv("TMPDIR");
  log_ = std::string{folder && *folder ? folder : "/tmp"} + "/tutti-demo-XXXXXX.log";
  descriptor log{::mkostemps(log_.data(), 4, O_CLOEXEC | O_APPEND)};
  descriptor null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  if (log.fd < 0 || null.fd < 0)
    throw failure("cannot make the node's log " + log_ + ": " + std::strerror(errno));
  std::vector<std::string> arguments{"tutti", "node"};
  auto environment = child_environment(port);
  auto argument_pointers = pointers(arguments), environment_pointers = pointers(environment);
  auto parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0)
    become_node(parent, log.fd, null.fd, mask, argument_pointers.data(), environment_pointers.data());
  if (pid_ < 0)
    throw failure(std::string{"cannot start the node: "} + std::strerror(errno));
}

child_node::~child_node() {
  if (!ended()) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }
}

std::optional<std::uint16_t> child_node::port() const {
  auto text = read_all(log_);
  auto at = text.find("node.ready version=");
  constexpr std::string_view before = "http=127.0.0.1:";
  at = at == text.npos ? at : text.find(before, at);
  if (at == text.npos)
    return std::nullopt;
  std::uint16_t out = 0;
  auto* begin = text.data() + at + before.size();
  auto [end, error] = std::from_chars(begin, text.data() + text.size(), out);
  if (error != std::errc{} || end == text.data() + text.size()) // the line is not complete yet
    return std::nullopt;
  return out;
}

std::optional<int> child_node::ended() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
    status_ = status;
  return status_;
}

std::optional<int> child_node::stop(std::chrono::milliseconds patience) {
  if (!ended())
    ::kill(pid_, SIGTERM);
  auto until = std::chrono::steady_clock::now() + patience;
  while (!ended() && std::chrono::steady_clock::now() < until)
    ::poll(nullptr, 0, static_cast<int>(check_pause.count()));
  if (!ended())
    ::kill(pid_, SIGKILL);
  return status_;
}

std::string child_node::log_tail() const {
  auto text = read_all(log_);
  while (text.ends_with('\n'))
    text.pop_back();
  auto begin = text.size();
  for (int lines = 0; lines < 10 && begin != text.npos && begin > 0; ++lines)
    begin = text.rfind('\n', begin - 1);
  return begin == text.npos ? text : text.substr(begin == 0 ? 0 : begin + 1);
}

void child_node::delete_log() noexcept {
  ::unlink(log_.c_str());
}

std::string status_text(int wait_status) {
  if (WIFSIGNALED(wait_status))
    return "signal " + std::to_string(WTERMSIG(wait_status)) + " (" + strsignal(WTERMSIG(wait_status)) + ")";
  return "exit code " + std::to_string(WEXITSTATUS(wait_status));
}

} // namespace tutti::services::cli

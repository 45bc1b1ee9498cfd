#include "services/cli/demo/child_process.hpp"

#include "services/cli/failure.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tutti::services::cli {
namespace {

constexpr std::chrono::milliseconds check_pause{10};
constexpr int shown_lines = 10;

bool inherited(std::string_view entry) {
  constexpr std::array<std::string_view, 12> names{
      "PATH=",         "HOME=",         "LANG=",         "LC_",
      "TZ=",           "TMPDIR=",       "MALLOC_",       "LD_LIBRARY_PATH=",
      "ASAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=", "UBSAN_OPTIONS="};
  return std::any_of(names.begin(), names.end(), [&](auto name) { return entry.starts_with(name); });
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& t : texts)
    out.push_back(t.data());
  out.push_back(nullptr);
  return out;
}

/// In the child, before exec: only what is safe after fork.
[[noreturn]] void become(const child_options& options, pid_t parent, int log, int null, const sigset_t& mask,
                         char* const* arguments, char* const* environment) {
  setpgid(0, 0);
  dup2(null, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (auto& as = options.as;
      as && (setgroups(0, nullptr) != 0 || setgid(as->group) != 0 || setuid(as->user) != 0)) {
    dprintf(STDERR_FILENO, "cannot become user %u: error %d\n", as->user, errno);
    _exit(127);
  }
  prctl(PR_SET_PDEATHSIG, options.death_signal); // here, since a change of the user takes it back
  if (getppid() != parent)                       // it ended before that was set
    _exit(127);
  if (chdir(options.folder.c_str()) != 0) {
    dprintf(STDERR_FILENO, "cannot enter %s: error %d\n", options.folder.c_str(), errno);
    _exit(127);
  }
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  execve(options.program.c_str(), arguments, environment);
  dprintf(STDERR_FILENO, "cannot run %s: error %d\n", options.program.c_str(), errno);
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

} // namespace

child_process::child_process(child_options options, const sigset_t& mask) : options_(std::move(options)) {
  descriptor log{::open(options_.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  descriptor null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  if (log.fd < 0 || null.fd < 0)
    throw failure("cannot make the log " + options_.log + ": " + std::strerror(errno));
  auto environment = options_.environment;
  for (auto** entry = environ; *entry; ++entry)
    if (inherited(*entry))
      environment.emplace_back(*entry);
  auto argument_pointers = pointers(options_.arguments), environment_pointers = pointers(environment);
  auto parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0)
    become(options_, parent, log.fd, null.fd, mask, argument_pointers.data(), environment_pointers.data());
  if (pid_ < 0)
    throw failure("cannot start " + options_.program + ": " + std::strerror(errno));
}

child_process::~child_process() {
  if (!ended()) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }
}

std::optional<int> child_process::ended() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
    status_ = status;
  return status_;
}

void child_process::signal(int number) {
  if (!ended())
    ::kill(pid_, number);
}

std::optional<int> child_process::wait(std::chrono::milliseconds patience) {
  auto until = std::chrono::steady_clock::now() + patience;
  while (!ended() && std::chrono::steady_clock::now() < until)
    ::poll(nullptr, 0, static_cast<int>(check_pause.count()));
  if (auto status = ended())
    return status;
  ::kill(pid_, SIGKILL);
  return std::nullopt;
}

std::string child_process::log() const {
  std::ifstream from{options_.log, std::ios::binary};
  return {std::istreambuf_iterator<char>{from}, {}};
}

std::string child_process::log_tail() const {
  auto text = log();
  while (text.ends_with('\n'))
    text.pop_back();
  auto begin = text.size();
  for (int lines = 0; lines < shown_lines && begin != text.npos && begin > 0; ++lines)
    begin = text.rfind('\n', begin - 1);
  return begin == text.npos ? text : text.substr(begin == 0 ? 0 : begin + 1);
}

std::string status_text(int wait_status) {
  if (WIFSIGNALED(wait_status))
    return "signal " + std::to_string(WTERMSIG(wait_status)) + " (" + strsignal(WTERMSIG(wait_status)) + ")";
  return "exit code " + std::to_string(WEXITSTATUS(wait_status));
}

bool exited_well(std::optional<int> wait_status) {
  return wait_status && WIFEXITED(*wait_status) && WEXITSTATUS(*wait_status) == 0;
}

} // namespace tutti::services::cli

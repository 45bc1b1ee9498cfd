#include "tests/runtime/cluster/membership/member_process.hpp"

#include "tests/runtime/cluster/membership/test_node.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace tutti::tests::membership {

member_process::member_process(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), TUTTI_TEST_MEMBER);
  std::vector<char*> argv;
  for (auto& a : arguments)
    argv.push_back(a.data());
  argv.push_back(nullptr);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  int failed = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  if (failed != 0)
    throw std::runtime_error("cannot start " + arguments[0]);
  reader_ = std::thread{[this, from = pipe[0]] { read(from); }};
}

member_process::~member_process() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  reader_.join();
}

void member_process::read(int from) {
  std::string rest;
  std::array<char, 4096> part{};
  for (ssize_t size = 0; (size = ::read(from, part.data(), part.size())) > 0;) {
    rest.append(part.data(), static_cast<std::size_t>(size));
    for (std::size_t end = 0; (end = rest.find('\n')) != rest.npos; rest.erase(0, end + 1)) {
      std::lock_guard guard{lock_};
      lines_.push_back(rest.substr(0, end));
    }
  }
  ::close(from);
}

std::string member_process::port() {
  eventually([this] { return !latest("port").empty(); });
  return latest("port");
}

std::string member_process::latest(const std::string& word) {
  std::lock_guard guard{lock_};
  auto i = std::find_if(lines_.rbegin(), lines_.rend(), [&](auto& l) { return l.rfind(word + " ", 0) == 0; });
  return i == lines_.rend() ? "" : i->substr(word.size() + 1);
}

bool member_process::ever(const std::string& text) {
  std::lock_guard guard{lock_};
  return std::any_of(lines_.begin(), lines_.end(), [&](auto& l) { return l.find(text) != l.npos; });
}

void member_process::signal(int number) const {
  ::kill(pid_, number);
}

} // namespace tutti::tests::membership

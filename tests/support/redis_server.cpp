#include "tests/support/redis_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tutti::tests {
namespace {

using namespace std::chrono_literals;

constexpr auto server_patience = 30s;

[[noreturn]] void give_up(const std::string& what) {
  throw std::runtime_error("redis-server: " + what);
}

std::filesystem::path new_folder() {
  auto name = (std::filesystem::temp_directory_path() / "tutti-redis-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    give_up(std::string{"no temporary folder: "} + std::strerror(errno));
  return name;
}

/// Free just now: somebody else may be faster.
std::uint16_t free_port() {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0
               && ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!bound)
    give_up("no free port");
  return ntohs(address.sin_port);
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::string quoted(const std::string& word) {
  std::string out = "'";
  for (char c : word)
    out += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return out + "'";
}

/// What a shell command prints.
std::string output_of(const std::string& command) {
  auto* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (!pipe)
    give_up("no shell");
  std::string out;
  std::array<char, 4096> part{};
  while (auto size = std::fread(part.data(), 1, part.size(), pipe))
    out.append(part.data(), size);
  if (::pclose(pipe) != 0)
    give_up(command + " failed: " + out);
  return out;
}

/// Polls, as a child process has no other way to say it.
template <class Condition>
bool within_patience(Condition condition) {
  for (auto until = std::chrono::steady_clock::now() + server_patience; !condition();) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

} // namespace

redis_server::redis_server(redis_server_options options)
    : options_(std::move(options)), folder_(new_folder()) {
  if (options_.tls)
    make_certificates();
  for (int attempt = 0; attempt < 10; ++attempt) {
    port_ = free_port();
    if (launch())
      return;
  }
  auto log = content(folder_ / "log");
  std::filesystem::remove_all(folder_);
  give_up("does not start: " + log);
}

redis_server::~redis_server() {
  if (pid_ > 0)
    end(SIGKILL);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string redis_server::url() const {
  return (options_.tls ? "rediss://localhost:" : "redis://127.0.0.1:") + std::to_string(port_);
}

void redis_server::start() {
  if (!launch())
    give_up("does not start again: " + content(folder_ / "log"));
}

void redis_server::stop() {
  end(SIGTERM);
}

void redis_server::kill() {
  end(SIGKILL);
}

void redis_server::freeze() {
  ::kill(pid_, SIGSTOP);
}

void redis_server::thaw() {
  ::kill(pid_, SIGCONT);
}

void redis_server::cut_append_only_file(std::size_t bytes) {
  for (auto& entry : std::filesystem::directory_iterator{folder_ / "appendonlydir"}) {
    if (!entry.path().string().ends_with(".incr.aof"))
      continue;
    auto size = std::filesystem::file_size(entry);
    return std::filesystem::resize_file(entry, size - std::min<std::uintmax_t>(size, bytes));
  }
  give_up("has no append-only file");
}

std::string redis_server::cli(const std::vector<std::string>& words) const {
  auto command = "redis-cli -h " + std::string{options_.tls ? "localhost" : "127.0.0.1"} + " -p "
                 + std::to_string(port_);
  if (options_.tls)
    command += " --tls --cacert " + quoted(ca_file());
  if (!options_.password.empty())
    command += " --no-auth-warning -a " + quoted(options_.password);
  for (auto& word : words)
    command += " " + quoted(word);
  return output_of(command);
}

void redis_server::make_certificates() const {
  auto at = [&](const char* name) { return quoted(folder_ / name); };
  std::string make = "openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256";
  output_of(make + " -subj /CN=test-ca -keyout " + at("ca.key") + " -out " + at("ca.crt"));
  output_of(make
            + " -subj /CN=test-redis -addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE"
            + " -CA " + at("ca.crt") + " -CAkey " + at("ca.key") + " -keyout " + at("redis.key") + " -out "
            + at("redis.crt"));
}

/// False: it ended instead of serving, for example because the port was taken.
bool redis_server::launch() {
  std::vector<std::string> words{"redis-server",
                                 "--bind",
                                 "127.0.0.1",
                                 "--dir",
                                 folder_,
                                 "--logfile",
                                 "log",
                                 "--save",
                                 "",
                                 "--port",
                                 options_.tls ? "0" : std::to_string(port_)};
  if (options_.tls)
    words.insert(words.end(), {"--tls-port", std::to_string(port_), "--tls-cert-file", folder_ / "redis.crt",
                               "--tls-key-file", folder_ / "redis.key", "--tls-ca-cert-file", ca_file(),
                               "--tls-auth-clients", "no"});
  if (!options_.password.empty())
    words.insert(words.end(), {"--requirepass", options_.password});
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  std::vector<char*> argv;
  for (auto& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);

  auto logged = content(folder_ / "log").size();
  auto parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0)
    give_up("cannot fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() == parent)
      ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  bool ended = false;
  bool ready = within_patience([&] {
    ended = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
    auto log = content(folder_ / "log");
    return ended || log.find("Ready to accept connections", std::min(logged, log.size())) != log.npos;
  });
  if (ended)
    pid_ = -1;
  else if (!ready)
    end(SIGKILL);
  return ready && !ended;
}

void redis_server::end(int signal) {
  ::kill(pid_, signal);
  bool gone = within_patience([this] { return ::waitpid(pid_, nullptr, WNOHANG) == pid_; });
  if (!gone) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_ = -1;
}

} // namespace tutti::tests

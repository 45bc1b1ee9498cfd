#include "tests/support/postgres_server.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tutti::tests {
namespace {

namespace fs = std::filesystem;

const std::string programs = "/usr/lib/postgresql/15/bin/";
constexpr std::chrono::seconds start_deadline{60};

/// In the child: as an unprivileged user, because the server refuses to run as root.
void drop_root() {
  if (::getuid() != 0)
    return;
  auto* user = ::getpwnam("postgres");
  if (!user || ::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)
    ::_exit(126);
}

/// Its output goes to `log`.
pid_t run_program(const std::string& program, const std::vector<std::string>& arguments,
                  const fs::path& log) {
  auto path = program;
  std::vector<char*> pointers{path.data()};
  auto texts = arguments;
  for (auto& t : texts)
    pointers.push_back(t.data());
  pointers.push_back(nullptr);
  auto parent = ::getpid();
  auto pid = ::fork();
  if (pid != 0)
    return pid;
  auto out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  drop_root();
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT); // an immediate shutdown of the server; after setuid, which clears it
  if (::getppid() != parent || out < 0)
    ::_exit(127);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  for (int fd = 3; fd < 1024; ++fd)
    ::close(fd);
  ::setenv("LC_ALL", "C.UTF-8", 1);
  ::execv(path.c_str(), pointers.data());
  ::_exit(127);
}

/// What can be read of it: a file of /proc may go at any time, which a stream would throw at.
std::string content(const fs::path& file) {
  std::string out;
  std::array<char, 4096> part{};
  auto fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  for (ssize_t got = 1; fd >= 0 && got > 0;)
    if ((got = ::read(fd, part.data(), part.size())) > 0)
      out.append(part.data(), static_cast<std::size_t>(got));
  ::close(fd);
  return out;
}

/// Where all servers of this program live. Removed at its end; when it is killed, by a shell that waits for
/// that.
class program_folder {
public:
  program_folder() {
    std::string name = fs::temp_directory_path() / "tutti-pg-XXXXXX";
    if (!::mkdtemp(name.data()))
      throw std::runtime_error("no temporary folder");
    path_ = name;
    ::chmod(name.c_str(), 0755); // for user postgres
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
    if (auto pid = ::fork(); pid == 0) {
      ::setsid();
      ::dup2(ends[0], STDIN_FILENO); // ends when we do
      for (int fd : {STDOUT_FILENO, STDERR_FILENO})
        ::close(fd); // or whoever reads them would wait for this shell
      ::execl("/bin/sh", "sh", "-c", "read -r _; until rm -rf \"$0\"; do sleep 0.2; done", name.c_str(),
              nullptr);
      ::_exit(127);
    }
    ::close(ends[0]);
  }
  const fs::path& path() const noexcept { return path_; }
  fs::path make(const std::string& name) const {
    fs::create_directory(path_ / name);
    return path_ / name;
  }

private:
  fs::path path_;
};

program_folder& home() {
  static program_folder only;
  return only;
}

void hand_to_postgres(const fs::path& at) {
  if (::getuid() != 0)
    return;
  auto* user = ::getpwnam("postgres");
  if (!user)
    throw std::runtime_error("there is no user postgres");
  auto give = [&](const fs::path& p) {
    if (::lchown(p.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error("cannot chown " + p.string());
  };
  give(at);
  for (auto& entry : fs::recursive_directory_iterator(at))
    give(entry.path());
}

/// A data folder that no server uses, made once in a build folder: ctest runs each test as a program of its
/// own.
fs::path make_template() {
  const fs::path kept = TUTTI_POSTGRES_TEMPLATE;
  auto lock = ::open((kept.string() + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (lock < 0 || ::flock(lock, LOCK_EX) != 0)
    throw std::runtime_error("cannot lock " + kept.string());
  if (!fs::exists(kept)) {
    auto folder = home().make("template");
    std::ofstream{folder / "password"} << "sesame!\n";
    hand_to_postgres(folder);
    auto pid =
        run_program(programs + "initdb",
                    {"-D", folder / "data", "-U", "tutti", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust",
                     "--pwfile=" + (folder / "password").string(), "--wal-segsize=1", "--no-sync"},
                    folder / "log");
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (status != 0)
      throw std::runtime_error("initdb: " + content(folder / "log"));
    fs::remove_all(kept.string() + ".new");
    fs::copy(folder / "data", kept.string() + ".new", fs::copy_options::recursive);
    fs::rename(kept.string() + ".new", kept); // whole or not there
  }
  ::close(lock);
  return kept;
}

/// The server's processes but the first: leaders of groups of their own.
std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> out;
  std::error_code ignored; // processes come and go
  for (auto& entry : fs::directory_iterator("/proc", ignored)) {
    auto pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0)
      continue;
    auto stat = content(entry.path() / "stat"); // pid (name) state parent …
    auto after_name = stat.rfind(')');
    if (after_name != std::string::npos && stat.size() > after_name + 4
        && std::atoi(stat.c_str() + after_name + 4) == parent)
      out.push_back(pid);
  }
  return out;
}

/// Gone, or a zombie whose memory is.
bool has_ended(pid_t pid) {
  auto stat = content("/proc/" + std::to_string(pid) + "/stat");
  auto after_name = stat.rfind(')');
  return after_name == std::string::npos || stat.compare(after_name, 3, ") Z") == 0;
}

std::uint16_t free_port() {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0
      || ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    throw std::runtime_error("no free port");
  ::close(fd);
  return ntohs(at.sin_port);
}

} // namespace

postgres_server::postgres_server(login how) : how_(how) {
  static const auto origin = make_template();
  static int count = 0;
  folder_ = home().make(std::to_string(++count));
  fs::copy(origin, folder_ / "data", fs::copy_options::recursive);
  auto* method = how == login::trust ? "trust" : "scram-sha-256";
  auto* host = how == login::tls ? "hostssl" : "host";
  std::ofstream{folder_ / "data" / "pg_hba.conf"} << host << " all all 127.0.0.1/32 " << method
                                                  << "\nlocal all all " << method << "\n";
  std::ofstream{folder_ / "log"}.flush();
  hand_to_postgres(folder_);
  ::chmod((folder_ / "data").c_str(), 0700);
  if (how == login::tls)
    make_certificate();
  for (int attempt = 0; pid_ < 0; ++attempt) {
    port_ = free_port(); // somebody else may take it before the server does
    try {
      start();
    } catch (const std::exception&) {
      if (attempt == 5)
        throw;
    }
  }
}

postgres_server::~postgres_server() {
  kill();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void postgres_server::spawn() {
  pid_ = run_program(programs + "postgres",
                     {"-D", folder_ / "data", "-p", std::to_string(port_), "-k", folder_, "-c",
                      "listen_addresses=127.0.0.1", "-c", "shared_buffers=32MB", "-c", "max_connections=60",
                      "-c", "restart_after_crash=off", "-c", "log_min_messages=fatal"},
                     folder_ / "log");
}

void postgres_server::make_certificate() const {
  auto pid = run_program("/usr/bin/openssl",
                         {"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                          "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                          folder_ / "server.key", "-out", certificate()},
                         folder_ / "log");
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status != 0)
    throw std::runtime_error("openssl: " + content(folder_ / "log"));
  ::chmod((folder_ / "server.key").c_str(), 0600);
  std::ofstream{folder_ / "data" / "postgresql.conf", std::ios::app}
      << "ssl = on\nssl_cert_file = '" << certificate().string() << "'\nssl_key_file = '"
      << (folder_ / "server.key").string() << "'\n";
}

/// The server writes into this file when it is.
bool postgres_server::ready() const {
  auto lines = content(folder_ / "data" / "postmaster.pid");
  return lines.find("ready") != std::string::npos && lines.starts_with(std::to_string(pid_) + "\n");
}

void postgres_server::start() {
  spawn();
  auto until = std::chrono::steady_clock::now() + start_deadline;
  while (!ready()) {
    auto over = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
    if (over || std::chrono::steady_clock::now() > until) {
      if (!over)
        kill();
      pid_ = -1;
      throw std::runtime_error("postgres: " + content(folder_ / "log"));
    }
    ::poll(nullptr, 0, 10);
  }
}

void postgres_server::kill() {
  if (pid_ <= 0)
    return;
  freeze(); // so that it starts no more
  auto children = children_of(pid_);
  for (auto pid : children)
    ::kill(pid, SIGKILL);
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  // The next server refuses to start while one of them has the shared memory; as orphans they are not ours to
  // wait for.
  auto until = std::chrono::steady_clock::now() + start_deadline;
  for (auto pid : children)
    while (!has_ended(pid) && std::chrono::steady_clock::now() < until)
      ::poll(nullptr, 0, 2);
}

void postgres_server::freeze() {
  ::kill(pid_, SIGSTOP);
  for (auto pid : children_of(pid_))
    ::kill(pid, SIGSTOP);
}

void postgres_server::thaw() {
  for (auto pid : children_of(pid_))
    ::kill(pid, SIGCONT);
  ::kill(pid_, SIGCONT);
}

std::string postgres_server::url_as(const std::string& user, const std::string& database) const {
  return "postgres://" + user + "@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string postgres_server::url(const std::string& database) const {
  return url_as(how_ == login::trust ? "tutti" : "tutti:sesame!", database);
}

std::string postgres_server::socket_url() const {
  return "postgres://tutti@/postgres?host=" + folder_.string() + "&port=" + std::to_string(port_);
}

} // namespace tutti::tests

#include "services/cli/demo/servers.hpp"

#include "services/cli/console/text.hpp"
#include "services/cli/failure.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tutti::services::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds server_deadline{60s}; // initdb writes 40 MB, maybe beside a build
constexpr std::chrono::milliseconds server_stop_deadline{10s};
constexpr std::chrono::milliseconds server_pause{20ms};

/// Debian's PostgreSQL programs are in no PATH. The newest first.
std::vector<fs::path> postgres_folders() {
  std::vector<fs::path> out;
  std::error_code none;
  for (auto& version : fs::directory_iterator{"/usr/lib/postgresql", none})
    out.push_back(version.path() / "bin");
  std::sort(out.begin(), out.end(), [](auto& a, auto& b) {
    auto version = [](const fs::path& p) { return std::atoi(p.parent_path().filename().c_str()); };
    return version(a) > version(b);
  });
  return out;
}

/// Whose PostgreSQL it will be.
std::optional<account> account_for_postgres() {
  if (::geteuid() != 0)
    return std::nullopt;
  auto* found = ::getpwnam("postgres");
  if (!found || found->pw_uid == 0)
    throw failure(
        "PostgreSQL does not run as root, and there is no user postgres to run it as: start the demo "
        "as another user");
  return account{found->pw_uid, found->pw_gid};
}

void wait_for_words(child_process& server, const std::string& name, std::string_view words, signals& stop) {
  auto until = std::chrono::steady_clock::now() + server_deadline;
  while (server.log().find(words) == std::string::npos) {
    if (auto status = server.ended())
      throw failure(name + " has ended by itself: " + status_text(*status));
    if (std::chrono::steady_clock::now() > until)
      throw failure(name + " did not start within " + duration_text(server_deadline));
    stop.pause(server_pause);
  }
}

} // namespace

demo_servers::demo_servers(fs::path folder) : folder_(std::move(folder)) {
  std::vector<std::string> missing;
  auto find = [&](const std::string& name, const std::vector<fs::path>& more) {
    auto found = find_program(name, more);
    if (!found)
      missing.push_back(
          name + (more.empty() ? " is not in PATH" : " is neither in PATH nor in /usr/lib/postgresql/*/bin"));
    return found.value_or("");
  };
  redis_program_ = find("redis-server", {});
  auto folders = postgres_folders();
  folders.emplace_back("/usr/lib/postgresql");
  initdb_program_ = find("initdb", folders);
  postgres_program_ = find("postgres", folders);
  if (!missing.empty()) {
    missing.emplace_back(
        "install them by deploy/install-deps.sh run, or apt-get install redis-server postgresql");
    throw failure("the demo starts a Redis and a PostgreSQL of its own, and programs for that are missing",
                  exit_failed, missing);
  }
  postgres_account_ = account_for_postgres();
}

void demo_servers::start_redis(const sigset_t& mask) {
  auto password = random_secret();
  auto folder = folder_ / "redis";
  fs::create_directory(folder);
  write_private(folder / "redis.conf", "bind 127.0.0.1\nport " + std::to_string(ports_[0]) + "\nrequirepass "
                                           + password + "\ndir " + folder.string()
                                           + "\nsave \"\"\nappendonly yes\nappendfsync everysec\n");
  redis_url_ = "redis://:" + password + "@127.0.0.1:" + std::to_string(ports_[0]);
  redis_ = std::make_unique<child_process>(
      child_options{.program = redis_program_,
                    .arguments = {"redis-server", (folder / "redis.conf").string()},
                    .environment = {},
                    .folder = folder,
                    .log = folder_ / "redis.log",
                    .as = std::nullopt},
      mask);
}

void demo_servers::make_database(signals& stop) {
  auto password = random_secret();
  auto folder = folder_ / "postgres", password_file = folder / "password";
  fs::create_directory(folder);
  write_private(password_file, password);
  if (auto& as = postgres_account_) {
    // It has to pass through our folder, and to own its own.
    bool given = ::chmod(folder_.c_str(), 0711) == 0 && ::chown(folder.c_str(), as->user, as->group) == 0
                 && ::chown(password_file.c_str(), as->user, as->group) == 0;
    if (!given)
      throw failure("cannot give " + folder.string() + " to the user postgres: " + std::strerror(errno));
  }
  postgres_url_ = "postgres://tutti:" + password + "@127.0.0.1:" + std::to_string(ports_[1]) + "/postgres";
  initdb_ = std::make_unique<child_process>(
      child_options{.program = initdb_program_,
                    .arguments = {"initdb", "-D", (folder / "data").string(), "-U", "tutti",
                                  "--auth=scram-sha-256", "--pwfile=" + password_file.string(), "--no-sync",
                                  "--encoding=UTF8", "--locale=C.UTF-8"},
                    .environment = {"LC_ALL=C"},
                    .folder = folder,
                    .log = folder_ / "initdb.log",
                    .as = postgres_account_},
      stop.before());
  auto until = std::chrono::steady_clock::now() + server_deadline;
  while (!initdb_->ended() && std::chrono::steady_clock::now() < until)
    stop.pause(server_pause);
  auto status = initdb_->ended();
  if (!exited_well(status))
    throw failure("the database could not be made: initdb "
                  + (status ? "ended with " + status_text(*status)
                            : "took longer than " + duration_text(server_deadline)));
  initdb_.reset();
  fs::remove(password_file);
}

void demo_servers::start_postgres(const sigset_t& mask) {
  auto folder = folder_ / "postgres";
  postgres_ = std::make_unique<child_process>(
      child_options{.program = postgres_program_,
                    .arguments = {"postgres", "-D", (folder / "data").string(), "-p",
                                  std::to_string(ports_[1]), "-c", "listen_addresses=127.0.0.1", "-c",
                                  "unix_socket_directories="},
                    .environment = {"LC_ALL=C"}, // we read its log
                    .folder = folder,
                    .log = folder_ / "postgres.log",
                    .as = postgres_account_,
                    .death_signal = SIGQUIT}, // ends at once, too, and takes its shared memory along
      mask);
}

void demo_servers::start(signals& stop) {
  start_redis(stop.before());
  make_database(stop);
  start_postgres(stop.before());
  wait_for_words(*redis_, "redis-server", "Ready to accept connections", stop);
  wait_for_words(*postgres_, "postgres", "database system is ready to accept connections", stop);
}

void demo_servers::stop() noexcept {
  initdb_.reset();
  if (redis_)
    redis_->signal(SIGTERM);
  if (postgres_)
    postgres_->signal(SIGINT); // does not wait for clients
  for (auto* server : {&redis_, &postgres_})
    if (*server)
      (*server)->wait(server_stop_deadline);
}

std::string demo_servers::summary() const {
  return "redis-server, process " + std::to_string(redis_->pid())
         + ", on 127.0.0.1:" + std::to_string(ports_[0]) + "; postgres, process "
         + std::to_string(postgres_->pid()) + ", on 127.0.0.1:" + std::to_string(ports_[1]);
}

std::vector<std::string> demo_servers::troubles() const {
  std::vector<std::string> out;
  for (auto& [name, server] : {std::pair{"redis-server", redis_.get()}, std::pair{"initdb", initdb_.get()},
                               std::pair{"postgres", postgres_.get()}})
    if (server)
      if (auto status = server->ended()) {
        out.push_back(std::string{name} + " has ended: " + status_text(*status) + "; the end of its log:");
        out.push_back(server->log_tail());
      }
  return out;
}

} // namespace tutti::services::cli

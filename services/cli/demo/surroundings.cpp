#include "services/cli/demo/surroundings.hpp"

#include "services/cli/failure.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace tutti::services::cli {
namespace {

namespace fs = std::filesystem;

constexpr int port_trials = 100;

/// The port, when it is free; 0: any. Nothing when somebody listens on it.
std::optional<std::uint16_t> look_for(std::uint16_t wished) {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int yes = 1; // what an earlier run has left in TIME_WAIT is free
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(wished);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  bool found =
      ::bind(fd, address, size) == 0 && ::listen(fd, 1) == 0 && ::getsockname(fd, address, &size) == 0;
  if (fd >= 0)
    ::close(fd);
  return found ? std::optional{ntohs(at.sin_port)} : std::nullopt;
}

/// A name that only one process of the machine can have; it goes with the descriptor. -1: another has it.
int claim(std::uint16_t port) {
  auto fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  auto name = "tutti-demo-port-" + std::to_string(port);
  name.copy(at.sun_path + 1, name.size()); // the zero before it: no file
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

constexpr std::string_view folder_prefix = "tutti-demo-";

void remove_quietly(const fs::path& what) {
  std::error_code ignored; // nobody is left to be told
  fs::remove_all(what, ignored);
}

void remove_all_but_logs(const fs::path& folder) {
  std::error_code ignored;
  for (auto& entry : fs::directory_iterator{folder, ignored})
    if (entry.path().extension() != ".log")
      remove_quietly(entry.path());
}

/// -1: the demo that made it lives, or it is not ours.
int lock_folder(const fs::path& folder) {
  struct stat about {};
  auto fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && ::fstat(fd, &about) == 0 && about.st_uid == ::geteuid()
      && ::flock(fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  if (fd >= 0)
    ::close(fd);
  return -1;
}

/// Databases and keys of demos that were killed. Logs stay: somebody may want to read them.
void remove_leftovers(const fs::path& parent) {
  std::error_code ignored;
  for (auto& entry : fs::directory_iterator{parent, ignored})
    if (entry.path().filename().string().starts_with(folder_prefix))
      if (auto fd = lock_folder(entry.path()); fd >= 0) {
        remove_all_but_logs(entry.path());
        ::close(fd);
      }
}

} // namespace

temporary_folder::temporary_folder() {
  auto* variable = std::getenv("TMPDIR");
  fs::path parent = fs::absolute(variable && *variable ? variable : "/tmp");
  remove_leftovers(parent);
  auto name = (parent / folder_prefix).string() + "XXXXXX";
  if (!::mkdtemp(name.data()))
    throw failure("cannot make a folder like " + name + ": " + std::strerror(errno));
  path_ = name;
  lock_ = lock_folder(path_);
}

temporary_folder::~temporary_folder() {
  if (kept_)
    remove_all_but_logs(path_);
  else
    remove_quietly(path_);
  if (lock_ >= 0)
    ::close(lock_);
}

void write_private(const fs::path& file, const std::string& text) {
  auto fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  auto error = errno;
  if (fd >= 0)
    ::close(fd);
  if (!written)
    throw failure("cannot write " + file.string() + ": " + std::strerror(error));
}

std::optional<fs::path> find_program(const std::string& name, const std::vector<fs::path>& more) {
  std::vector<fs::path> folders;
  auto* variable = std::getenv("PATH");
  std::string path = variable ? variable : "";
  for (std::size_t begin = 0; begin < path.size();) {
    auto end = std::min(path.find(':', begin), path.size());
    if (end > begin)
      folders.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  folders.insert(folders.end(), more.begin(), more.end());
  for (auto& folder : folders)
    if (auto file = folder / name; ::access(file.c_str(), X_OK) == 0)
      return file;
  return std::nullopt;
}

free_ports::free_ports(const std::vector<std::uint16_t>& wished) {
  auto take = [this](std::uint16_t port) {
    auto found = look_for(port);
    auto claimed = found ? claim(*found) : -1;
    if (claimed < 0)
      return false;
    numbers_.push_back(*found);
    claims_.push_back(claimed);
    return true;
  };
  for (auto port : wished) {
    bool taken = port != 0 && take(port);
    for (int trial = 0; trial < port_trials && !taken; ++trial)
      taken = take(0);
    if (!taken)
      throw failure("there is no free port on 127.0.0.1");
  }
}

free_ports::~free_ports() {
  for (auto fd : claims_)
    ::close(fd);
}

std::string random_secret() {
  std::array<unsigned char, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw failure(std::string{"there are no random numbers: "} + std::strerror(errno));
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (auto b : bytes) {
    out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out;
}

} // namespace tutti::services::cli

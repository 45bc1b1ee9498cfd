#include "services/cli/demo/surroundings.hpp"

#include "services/cli/failure.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tutti::services::cli {
namespace {

namespace fs = std::filesystem;

/// A socket that has a port of 127.0.0.1 as long as it lives.
class held_port {
public:
  explicit held_port(std::uint16_t wished) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    int yes = 1; // what an earlier run has left in TIME_WAIT is free
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (!bind(wished) && !bind(0))
      throw failure(std::string{"there is no free port on 127.0.0.1: "} + std::strerror(errno));
  }
  ~held_port() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  held_port(held_port&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  held_port& operator=(held_port&&) = delete;

  std::uint16_t number() const {
    sockaddr_in at{};
    socklen_t size = sizeof at;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    return ntohs(at.sin_port);
  }

private:
  bool bind(std::uint16_t port) const {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // Listening, too: bind alone succeeds beside another one that only holds it.
    return ::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 && ::listen(fd_, 1) == 0;
  }

  int fd_;
};

} // namespace

temporary_folder::temporary_folder() {
  auto* parent = std::getenv("TMPDIR");
  auto name = std::string{parent && *parent ? parent : "/tmp"} + "/tutti-demo-XXXXXX";
  if (!::mkdtemp(name.data()))
    throw failure("cannot make a folder like " + name + ": " + std::strerror(errno));
  path_ = fs::absolute(name);
}

temporary_folder::~temporary_folder() {
  std::error_code ignored; // nobody is left to be told
  if (!kept_) {
    fs::remove_all(path_, ignored);
    return;
  }
  for (auto& entry : fs::directory_iterator{path_, ignored})
    if (entry.path().extension() != ".log")
      fs::remove_all(entry.path(), ignored);
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

std::vector<std::uint16_t> free_ports(const std::vector<std::uint16_t>& wished) {
  std::vector<held_port> held; // all at a time, so that no two are the same
  std::vector<std::uint16_t> out;
  for (auto port : wished)
    out.push_back(held.emplace_back(port).number());
  return out;
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

#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <netdb.h>
#include <unistd.h>

/// Internal: what the connector needs of the system.
namespace tutti::runtime::cluster {

class owned_socket {
public:
  owned_socket() = default;
  explicit owned_socket(int fd) noexcept : fd_(fd) {}
  ~owned_socket() { reset(); }
  owned_socket(owned_socket&& from) noexcept : fd_(from.release()) {}
  owned_socket& operator=(owned_socket&& from) noexcept {
    reset(from.release());
    return *this;
  }
  int fd() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept {
    if (int old = std::exchange(fd_, fd); old >= 0)
      ::close(old);
  }

private:
  int fd_ = -1;
};

/// What a host name stands for. May take as long as a name server does. `flags`: AI_PASSIVE to listen;
/// AI_NUMERICHOST: addresses only, at once.
struct resolved {
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list{nullptr, &::freeaddrinfo};
  std::string why; ///< the list is empty
};
resolved resolve(const std::string& host, std::uint16_t port, int flags);

/// Not blocking. Invalid: `why`, in the words of the system.
owned_socket listen_on(const addrinfo& at, std::string& why);
/// Begins to connect. Invalid: `why`.
owned_socket connect_to(const addrinfo& at, std::string& why);
std::uint16_t port_of(const owned_socket& socket);
/// Of a connect that has ended; 0: it stands.
int error_of(const owned_socket& socket);

} // namespace tutti::runtime::cluster

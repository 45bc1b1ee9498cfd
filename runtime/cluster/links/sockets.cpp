#include "runtime/cluster/links/sockets.hpp"

#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

namespace tutti::runtime::cluster {
namespace {

owned_socket new_socket(const addrinfo& at) {
  return owned_socket{::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

} // namespace

resolved resolve(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  resolved out;
  if (int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found))
    out.why = ::gai_strerror(code);
  out.list.reset(found);
  return out;
}

owned_socket listen_on(const addrinfo& at, std::string& why) {
  auto out = new_socket(at);
  int on = 1;
  if (out && ::setsockopt(out.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
      && ::bind(out.fd(), at.ai_addr, at.ai_addrlen) == 0 && ::listen(out.fd(), SOMAXCONN) == 0)
    return out;
  why = std::strerror(errno);
  return {};
}

owned_socket connect_to(const addrinfo& at, std::string& why) {
  auto out = new_socket(at);
  if (out && (::connect(out.fd(), at.ai_addr, at.ai_addrlen) == 0 || errno == EINPROGRESS))
    return out;
  why = std::strerror(errno);
  return {};
}

std::uint16_t port_of(const owned_socket& socket) {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  ::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(at.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(at).sin6_port
                                        : reinterpret_cast<sockaddr_in&>(at).sin_port);
}

int error_of(const owned_socket& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

} // namespace tutti::runtime::cluster

#include "tests/services/cli/stub_server.hpp"

#include <cstdlib>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tutti::tests {

stub_server::stub_server(answer how) : answer_(std::move(how)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener_, 16) != 0
      || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    throw std::runtime_error("no stub server");
  port_ = ntohs(at.sin_port);
  thread_ = std::thread{[this] { serve(); }};
}

stub_server::~stub_server() {
  ::shutdown(listener_, SHUT_RDWR); // wakes accept()
  thread_.join();
  ::close(listener_);
}

void stub_server::serve() {
  for (std::size_t n = 0;; ++n) {
    int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer < 0)
      return;
    std::string text;
    std::size_t head = text.npos, wanted = 0;
    char buffer[65536];
    while (head == text.npos || text.size() < wanted) {
      auto got = ::recv(peer, buffer, sizeof buffer, 0);
      if (got <= 0)
        break;
      text.append(buffer, static_cast<std::size_t>(got));
      if (head == text.npos && (head = text.find("\r\n\r\n")) != text.npos) {
        head += 4;
        auto length = text.find("Content-Length: ");
        wanted = head + (length < head ? std::strtoul(text.c_str() + length + 16, nullptr, 10) : 0);
      }
    }
    if (head != text.npos) {
      auto out = answer_(n, text.substr(0, head), text.substr(head));
      ::send(peer, out.data(), out.size(), MSG_NOSIGNAL);
    }
    ::shutdown(peer, SHUT_WR);
    while (::recv(peer, buffer, sizeof buffer, 0) > 0) {
    }
    ::close(peer);
  }
}

std::string response(int status, const std::string& body, const std::string& type,
                     const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + type + "\r\nContent-Length: "
         + std::to_string(body.size()) + "\r\nConnection: close\r\n" + headers + "\r\n" + body;
}

} // namespace tutti::tests

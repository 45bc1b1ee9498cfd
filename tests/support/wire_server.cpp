#include "tests/support/wire_server.hpp"

#include "runtime/cluster/tls/throwaway_ca.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tutti::tests {
namespace {

constexpr timeval patience{20, 0};

[[noreturn]] void give_up(const char* what) {
  throw std::runtime_error(std::string{"wire server: "} + what);
}

int note_offer(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
               unsigned in_size, void* to) {
  (*static_cast<const std::function<void(std::string)>*>(to))({reinterpret_cast<const char*>(in), in_size});
  static const unsigned char ours[] = "\x08http/1.1";
  return SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, ours, sizeof ours - 1, in, in_size)
                 == OPENSSL_NPN_NEGOTIATED
             ? SSL_TLSEXT_ERR_OK
             : SSL_TLSEXT_ERR_NOACK;
}

} // namespace

// --- a connection

std::size_t wire::receive(char* to, std::size_t size) {
  if (tls_) {
    auto got = SSL_read(tls_, to, static_cast<int>(size));
    if (got <= 0 && SSL_get_error(tls_, got) == SSL_ERROR_SYSCALL) {
      if (errno == EAGAIN)
        give_up("nothing came");
      was_reset_ = errno == ECONNRESET;
    }
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  auto got = ::recv(socket_, to, size, 0);
  if (got < 0 && errno == EAGAIN)
    give_up("nothing came");
  was_reset_ = got < 0 && errno == ECONNRESET;
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

std::string wire::read_some() {
  if (ahead_.empty()) {
    ahead_.resize(64 * 1024);
    ahead_.resize(receive(ahead_.data(), ahead_.size()));
    if (ahead_.empty())
      give_up("the client has ended the connection");
  }
  return std::exchange(ahead_, {});
}

std::string wire::read(std::size_t size) {
  std::string out;
  while (out.size() < size)
    out += read_some();
  ahead_ = out.substr(size);
  out.resize(size);
  return out;
}

std::string wire::read_until(std::string_view mark) {
  std::string out;
  std::size_t at = out.npos;
  while ((at = out.find(mark)) == out.npos)
    out += read_some();
  ahead_ = out.substr(at + mark.size());
  out.resize(at + mark.size());
  return out;
}

void wire::write(std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = tls_ ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                     : ::send(socket_, bytes.data(), bytes.size(), 0);
    if (sent <= 0)
      give_up("the client takes nothing any more");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool wire::read_end() {
  char part[4096];
  while (receive(part, sizeof part) > 0) {
  }
  return !was_reset_;
}

void wire::close() {
  if (tls_)
    SSL_shutdown(tls_);
  ::shutdown(socket_, SHUT_WR);
}

void wire::reset() {
  linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  // A second descriptor keeps the first one's number taken until the visit ends.
  int keep = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::dup3(keep, socket_, O_CLOEXEC);
  ::close(keep);
}

// --- the server

wire_server::wire_server(script what, wire_options options)
    : what_(std::move(what)), options_(std::move(options)) {
  auto name = (std::filesystem::temp_directory_path() / "tutti-wire-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    give_up("no temporary folder");
  folder_ = name;
  if (options_.tls) {
    runtime::cluster::make_throwaway_ca(folder_, {options_.certificate});
    auto files = runtime::cluster::throwaway_tls(folder_, options_.certificate);
    tls_.reset(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (SSL_CTX_use_certificate_chain_file(tls_.get(), files.certificate.c_str()) != 1
        || SSL_CTX_use_PrivateKey_file(tls_.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1)
      give_up("its certificate cannot be used");
    SSL_CTX_set_alpn_select_cb(tls_.get(), note_offer, &note_);
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener_, 64) != 0
      || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    give_up("cannot listen");
  port_ = ntohs(at.sin_port);
  thread_ = std::thread{[this] { listen(); }};
}

wire_server::~wire_server() {
  {
    std::lock_guard lock{mutex_};
    stopping_ = true;
    for (auto& v : visits_)
      ::shutdown(v.socket, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR); // wakes accept()
  thread_.join();
  for (auto& v : visits_) {
    v.thread.join();
    ::close(v.socket);
  }
  ::close(listener_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string wire_server::url(const std::string& scheme) const {
  return options_.tls ? scheme + "s://localhost:" + std::to_string(port_)
                      : scheme + "://127.0.0.1:" + std::to_string(port_);
}

std::string wire_server::offered() const {
  std::lock_guard lock{mutex_};
  return offered_;
}

void wire_server::listen() {
  for (;;) {
    int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0)
      return;
    int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    auto number = connections_++;
    std::lock_guard lock{mutex_};
    auto& v = visits_.emplace_back();
    v.socket = socket;
    if (stopping_)
      ::shutdown(socket, SHUT_RDWR);
    v.thread = std::thread{[this, socket, number] { serve(socket, number); }};
  }
}

void wire_server::serve(int socket, std::size_t number) {
  sigset_t pipe; // OpenSSL writes with it; a client of the same process must not be spared
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);

  std::unique_ptr<SSL, void (*)(SSL*)> tls{nullptr, SSL_free};
  try {
    if (tls_) {
      tls.reset(SSL_new(tls_.get()));
      SSL_set_fd(tls.get(), socket);
      if (SSL_accept(tls.get()) != 1)
        give_up("no TLS");
    }
    wire with{socket, tls.get()};
    what_(with, number);
  } catch (const std::runtime_error&) {
    // The client has gone, or it refused us: the test sees that from the other side.
  }
  if (tls)
    SSL_shutdown(tls.get());
  ::shutdown(socket, SHUT_RDWR);
}

bool eventually(const std::function<bool()>& condition) {
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until)
      return condition();
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

} // namespace tutti::tests

#include "services/http/accept_gate.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <arpa/inet.h>
#include <boost/asio/ip/address.hpp>
#include <sys/socket.h>
#include <unistd.h>

namespace tutti::services::http {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

// Accepted in one go before the connections that are there get their turn.
constexpr int accepts_per_turn = 64;
// Clients that are being told 503; beyond these they are just closed.
constexpr std::size_t max_refusing = 64;
constexpr auto out_of_descriptors_pause = 100ms;

std::string text_of(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET)
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
  else if (address.ss_family == AF_INET6)
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text, sizeof text);
  std::string_view name = text;
  constexpr std::string_view mapped = "::ffff:"; // an IPv4 client of a socket for both
  if (name.starts_with(mapped) && name.find('.') != name.npos)
    name.remove_prefix(mapped.size());
  return std::string(name);
}

} // namespace

accept_gate::accept_gate(std::span<const std::shared_ptr<io_loop>> loops, std::size_t connection_limit)
    : loops_(loops), limit_(connection_limit), acceptor_(loops.front()->context()),
      pause_(loops.front()->context()) {}

void accept_gate::listen(const server_options& options) {
  boost::system::error_code ec;
  auto address = asio::ip::make_address(options.address, ec);
  auto where = options.address + ':' + std::to_string(options.port);
  if (ec)
    throw std::invalid_argument("http: cannot listen on " + where + ": not a numeric IP address");
  asio::ip::tcp::endpoint endpoint(address, options.port);
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec)
    acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec)
    acceptor_.bind(endpoint, ec);
  if (!ec)
    acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (!ec)
    acceptor_.non_blocking(true, ec);
  if (!ec)
    port_ = acceptor_.local_endpoint(ec).port();
  if (ec)
    throw std::system_error(ec.value(), std::system_category(), "http: cannot listen on " + where);
}

void accept_gate::close() noexcept {
  boost::system::error_code ec;
  acceptor_.close(ec);
  pause_.cancel();
}

void accept_gate::arm() {
  acceptor_.async_wait(asio::socket_base::wait_read, [this](boost::system::error_code ec) {
    if (!ec)
      accept_waiting();
  });
}

void accept_gate::accept_waiting() {
  for (int i = 0; i < accepts_per_turn; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto socket = ::accept4(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      accepted_.fetch_add(1, std::memory_order_relaxed);
      place(socket, text_of(address));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      break;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      return back_off(); // the client stays in the backlog; asking again at once would spin
    // Others are of that one connection, which has gone already.
  }
  arm();
}

void accept_gate::place(int socket, std::string peer) {
  std::size_t open = 0, refusing = 0;
  auto* least = &loops_.front();
  for (auto& loop : loops_) {
    auto mine = loop->counters().open.load(std::memory_order_relaxed);
    if (mine < (*least)->counters().open.load(std::memory_order_relaxed))
      least = &loop;
    open += mine;
    refusing += loop->counters().refusing.load(std::memory_order_relaxed);
  }
  auto too_many = open >= limit_;
  if (too_many)
    rejected_.fetch_add(1, std::memory_order_relaxed);
  if (too_many && refusing >= max_refusing)
    ::close(socket);
  else
    (*least)->adopt(socket, std::move(peer), too_many);
}

void accept_gate::back_off() {
  pause_.expires_after(out_of_descriptors_pause);
  pause_.async_wait([this](boost::system::error_code ec) {
    if (!ec)
      arm();
  });
}

} // namespace tutti::services::http

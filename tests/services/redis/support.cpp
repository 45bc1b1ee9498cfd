#include "tests/services/redis/support.hpp"

#include "services/redis/protocol/url.hpp"

#include <atomic>
#include <stdexcept>
#include <utility>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tutti::tests::services_redis {

bool eventually(const std::function<bool()>& condition) {
  auto until = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until)
      return condition();
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

std::future<batch_result> start(client& by, command_batch batch, std::chrono::milliseconds within) {
  auto told = std::make_shared<std::promise<batch_result>>();
  by.send(std::move(batch), client::clock::now() + within,
          [told](batch_result&& result) { told->set_value(std::move(result)); });
  return told->get_future();
}

batch_result call(client& by, command_batch batch, std::chrono::milliseconds within) {
  auto result = start(by, std::move(batch), within);
  if (result.wait_for(within + patience) != std::future_status::ready)
    throw std::runtime_error("the client called nobody back");
  return result.get();
}

client_options at(const std::string& url) {
  auto server = services::redis::parse_url(url);
  if (!server)
    throw std::runtime_error("no URL: " + url);
  client_options options;
  options.server = std::move(*server);
  return options;
}

std::string running::refusal() {
  eventually([this] { return !redis.state().reason.empty(); });
  return redis.state().reason;
}

fake_server::fake_server(answers with)
    : with_(std::move(with)), listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (with_.greeting.empty())
    with_.greeting = greeting("7.0.15", "master", false);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listening_, 8) != 0
      || ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || ::pipe(stop_) != 0)
    throw std::runtime_error("no fake server");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

fake_server::~fake_server() {
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(listening_);
}

std::string fake_server::greeting(const std::string& version, const std::string& role, bool loading) {
  auto bulk = [](const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  };
  return "+OK\r\n+OK\r\n" + bulk("# Server\r\nredis_version:" + version + "\r\nrun_id:0123abcd\r\n")
         + bulk("# Replication\r\nrole:" + role + "\r\n")
         + bulk("# Persistence\r\nloading:" + std::to_string(loading ? 1 : 0) + "\r\n");
}

void fake_server::serve() {
  for (;;) {
    pollfd waiting[] = {{listening_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    ::poll(waiting, 2, -1);
    if (waiting[1].revents != 0)
      return;
    int socket = ::accept(listening_, nullptr, nullptr);
    talk(socket);
    ::close(socket);
  }
}

void fake_server::talk(int socket) const {
  // False: the client has gone, or the test ends.
  auto read_until = [&](const std::string& text) {
    std::string got;
    while (got.find(text) == got.npos) {
      pollfd waiting[] = {{socket, POLLIN, 0}, {stop_[0], POLLIN, 0}};
      ::poll(waiting, 2, -1);
      char part[4096];
      auto size = waiting[1].revents != 0 ? 0 : ::recv(socket, part, sizeof part, 0);
      if (size <= 0)
        return false;
      got.append(part, static_cast<std::size_t>(size));
    }
    return true;
  };
  auto send_all = [&](std::string_view bytes) {
    while (!bytes.empty()) {
      auto size = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0)
        return;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  };
  if (!read_until("persistence\r\n"))
    return;
  send_all(with_.greeting);
  if (!read_until("\r\n"))
    return;
  send_all(with_.then);
  if (!with_.close)
    read_until("never");
}

} // namespace tutti::tests::services_redis

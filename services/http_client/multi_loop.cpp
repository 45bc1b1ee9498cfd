#include "services/http_client/multi_loop.hpp"

#include "services/net/socket_watch.hpp"

#include <new>
#include <utility>
#include <vector>

namespace tutti::services::http_client {
namespace {

void begin_curl() {
  static const auto begun = curl_global_init(CURL_GLOBAL_DEFAULT); // the process's end ends it
  if (begun != CURLE_OK)
    throw std::bad_alloc{};
}

} // namespace

struct multi_loop::watch {
  watch(boost::asio::io_context& context, curl_socket_t of) : socket(context), usable(socket.follow(of)) {}

  net::socket_watch socket;
  bool usable;                        // false: no descriptor was left, the deadline ends the transfer
  bool reads = false, writes = false; // as curl wants it now
};

multi_loop::multi_loop(boost::asio::io_context& context, const pool_limits& limits, on_done done)
    : context_(context), done_(std::move(done)), timer_(context) {
  begin_curl();
  multi_ = curl_multi_init();
  if (!multi_)
    throw std::bad_alloc{};
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, limits.connections);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, limits.connections);
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, limits.connections_to_a_host);
}

multi_loop::~multi_loop() {
  *alive_ = false;
  curl_multi_cleanup(multi_); // may still call back
}

bool multi_loop::add(CURL* which) {
  return curl_multi_add_handle(multi_, which) == CURLM_OK;
}

void multi_loop::remove(CURL* which) noexcept {
  curl_multi_remove_handle(multi_, which);
}

int multi_loop::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept {
  static_cast<multi_loop*>(self)->follow(socket, what);
  return 0;
}

int multi_loop::on_timer(CURLM*, long ms, void* self) noexcept {
  auto& loop = *static_cast<multi_loop*>(self);
  if (ms < 0) {
    loop.timer_.cancel();
    return 0;
  }
  loop.timer_.expires_after(std::chrono::milliseconds{ms});
  loop.timer_.async_wait([&loop, alive = loop.alive_](const boost::system::error_code& cancelled) {
    if (*alive && !cancelled)
      loop.act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

void multi_loop::follow(curl_socket_t socket, int what) {
  if (what == CURL_POLL_REMOVE) {
    watches_.erase(socket);
    return;
  }
  auto& w = watches_[socket];
  if (!w)
    w = std::make_shared<watch>(context_, socket);
  w->reads = w->usable && (what & CURL_POLL_IN) != 0;
  w->writes = w->usable && (what & CURL_POLL_OUT) != 0;
  arm(socket, w);
}

void multi_loop::arm(curl_socket_t socket, const std::shared_ptr<watch>& w) {
  auto ready = [this, socket, weak = std::weak_ptr{w}, alive = alive_](bool watch::*wanted, int event) {
    auto mine = weak.lock();
    if (!*alive || !mine || !((*mine).*wanted))
      return;
    act(socket, event);
    if (auto now = watches_.find(socket); now != watches_.end() && now->second == mine)
      arm(socket, mine);
  };
  if (w->reads)
    w->socket.wait_read([ready] { ready(&watch::reads, CURL_CSELECT_IN); });
  if (w->writes)
    w->socket.wait_write([ready] { ready(&watch::writes, CURL_CSELECT_OUT); });
}

void multi_loop::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  std::vector<std::pair<CURL*, CURLcode>> ended;
  int left = 0;
  while (auto* told = curl_multi_info_read(multi_, &left))
    if (told->msg == CURLMSG_DONE)
      ended.emplace_back(told->easy_handle, told->data.result);
  for (auto& [which, how] : ended)
    done_(which, how);
}

} // namespace tutti::services::http_client

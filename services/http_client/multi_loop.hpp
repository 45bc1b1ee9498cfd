#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>

namespace tutti::services::http_client {

struct pool_limits {
  long connections = 256; ///< in all
  long connections_to_a_host = 32;
};

/// curl's multi handle, with Asio watching its sockets and its timer. All on the loop's thread; nothing of it
/// is called within curl's callbacks.
class multi_loop {
public:
  /// `done` is called when a transfer has ended; it is still added.
  using on_done = std::function<void(CURL* which, CURLcode how)>;

  multi_loop(boost::asio::io_context& context, const pool_limits& limits, on_done done);
  /// No transfer may be left.
  ~multi_loop();
  multi_loop(const multi_loop&) = delete;
  multi_loop& operator=(const multi_loop&) = delete;

  /// False: curl refuses it.
  bool add(CURL* which);
  void remove(CURL* which) noexcept;

private:
  struct watch;
  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept;
  static int on_timer(CURLM*, long ms, void* self) noexcept;

  void follow(curl_socket_t socket, int what);
  void arm(curl_socket_t socket, const std::shared_ptr<watch>& w);
  void act(curl_socket_t socket, int events);

  boost::asio::io_context& context_;
  on_done done_;
  CURLM* multi_;
  boost::asio::steady_timer timer_;
  std::unordered_map<curl_socket_t, std::shared_ptr<watch>> watches_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); // false: waits that still end mean nothing
};

} // namespace tutti::services::http_client

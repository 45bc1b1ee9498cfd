#pragma once
#include "services/net/io_thread.hpp"
#include "services/redis/client.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

namespace tutti::tests::services_redis {

using services::redis::batch_result;
using services::redis::client;
using services::redis::client_options;
using services::redis::command_batch;
using services::redis::outcome;
using services::redis::reply;

inline constexpr std::chrono::seconds patience{10};

/// Waits until `condition` holds; false when it did not in time.
bool eventually(const std::function<bool()>& condition);

template <class... Words>
command_batch command(const Words&... words) {
  command_batch batch;
  batch.add(words...);
  return batch;
}

/// Sends without waiting; the future throws when the callback comes twice or never.
std::future<batch_result> start(client& by, command_batch batch, std::chrono::milliseconds within = patience);
/// Sends and waits.
batch_result call(client& by, command_batch batch, std::chrono::milliseconds within = patience);
/// The only reply; missing when there is none.
template <class... Words>
reply ask(client& by, const Words&... words) {
  return std::move(call(by, command(words...)).replies.at(0));
}

client_options at(const std::string& url);

/// A client with its I/O thread.
struct running {
  explicit running(client_options options) : redis(io.context(), std::move(options)) {}
  explicit running(const std::string& url) : running(at(url)) {}

  bool connected() {
    return eventually([this] { return redis.state().connected; });
  }
  /// Until the client says why it is not connected.
  std::string refusal();

  services::net::io_thread io{"test-redis"};
  client redis;
};

/// What listens like a server, takes the handshake, and answers the first command with fixed bytes.
class fake_server {
public:
  struct answers {
    std::string greeting; ///< empty: as a Redis 7 would
    std::string then;
    bool close = true; ///< after that
  };
  explicit fake_server(answers with);
  ~fake_server();
  fake_server(const fake_server&) = delete;
  fake_server& operator=(const fake_server&) = delete;

  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

  /// The replies to a handshake without a password, of such a server.
  static std::string greeting(const std::string& version, const std::string& role, bool loading);

private:
  void serve();
  void talk(int socket) const;

  answers with_;
  std::uint16_t port_ = 0;
  int listening_ = -1;
  int stop_[2] = {-1, -1}; // a pipe: its end wakes the thread
  std::thread thread_;
};

} // namespace tutti::tests::services_redis

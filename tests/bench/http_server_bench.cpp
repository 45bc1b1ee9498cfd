// services/http with a handler that does nothing: GET is answered by the admission, POST echoes its body from
// another thread. argv: port [threads]. Compare with a bare Beast server by wrk in the same minute.
#include "services/http/server.hpp"

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace gateway = tutti::actors::http_gateway;

class echo final : public gateway::request_handler {
public:
  gateway::admission admit(const gateway::request_head& head) noexcept override {
    if (head.method == "GET")
      return gateway::response{.status = 202, .body = R"({"id":"1","status":"queued"})"};
    return gateway::admitted{.max_body = 1 << 20};
  }

  void handle(std::vector<gateway::request>&& batch) noexcept override {
    {
      std::lock_guard lock{mutex_};
      for (auto& request : batch)
        waiting_.push_back(std::move(request));
    }
    arrived_.notify_one();
  }

  gateway::response problem(int status, std::string_view, std::string_view) noexcept override {
    return {.status = status, .content_type = "application/problem+json", .body = "{}"};
  }

  void answered(std::optional<std::uint32_t>, std::string_view, int,
                std::chrono::nanoseconds) noexcept override {}

  void work() {
    for (std::vector<gateway::request> batch;; batch.clear()) {
      {
        std::unique_lock lock{mutex_};
        arrived_.wait(lock, [&] { return !waiting_.empty(); });
        batch.swap(waiting_);
      }
      for (auto& request : batch)
        request.reply({.status = 202, .body = std::move(request.body)});
    }
  }

private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<gateway::request> waiting_;
};

} // namespace

int main(int count, char** words) {
  if (count < 2)
    return 2;
  auto handler = std::make_shared<echo>();
  tutti::services::http::server server(
      {.port = static_cast<std::uint16_t>(std::atoi(words[1])),
       .threads = count > 2 ? static_cast<std::size_t>(std::atoi(words[2])) : 1},
      handler);
  server.start();
  std::cout << "http://127.0.0.1:" << server.port() << std::endl;
  std::thread([handler] { handler->work(); }).detach();
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  int signal = 0;
  sigwait(&ends, &signal);
  std::_Exit(0);
}

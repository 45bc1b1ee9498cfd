#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace tutti::tests {

/// A server that answers each request with what a function gives, one connection at a time, closing it after
/// the answer. For what a good node never does.
class stub_server {
public:
  /// Called with the head and the body of the n-th request (from 0); returns the whole response.
  using answer = std::function<std::string(std::size_t n, const std::string& head, const std::string& body)>;

  explicit stub_server(answer how);
  ~stub_server();

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
  void serve();

  answer answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// A response with its length.
std::string response(int status, const std::string& body, const std::string& type = "application/json",
                     const std::string& headers = {});

} // namespace tutti::tests

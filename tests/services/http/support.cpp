#include "tests/services/http/support.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tutti::tests::services_http {
namespace {

void await(int socket, short what) {
  pollfd waiting{socket, what, 0};
  if (::poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) != 1)
    throw std::runtime_error("the server did nothing in time");
}

} // namespace

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds deadline) {
  auto until = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until)
      return condition();
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

std::string reply::field(std::string_view name) const {
  auto begin = head.find("\r\n" + std::string(name) + ": ");
  if (begin == head.npos)
    return {};
  begin += name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

raw_client::raw_client(std::uint16_t port, int receive_buffer) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (receive_buffer > 0)
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
}

raw_client::raw_client(raw_client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), input_(std::move(other.input_)) {}

raw_client::~raw_client() {
  if (socket_ >= 0)
    ::close(socket_);
}

void raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    await(socket_, POLLOUT);
    auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0)
      throw std::runtime_error(std::string("send: ") + std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::size_t raw_client::try_send(std::string_view bytes) {
  auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void raw_client::send_fin() {
  ::shutdown(socket_, SHUT_WR);
}

void raw_client::reset() {
  linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(socket_, -1));
}

bool raw_client::fill() {
  await(socket_, POLLIN);
  char bytes[64 * 1024];
  auto count = ::recv(socket_, bytes, sizeof bytes, 0);
  if (count > 0)
    input_.append(bytes, static_cast<std::size_t>(count));
  return count > 0;
}

std::string raw_client::read_until(std::string_view text) {
  while (input_.find(text) == input_.npos)
    if (!fill())
      throw std::runtime_error("the server closed after: " + input_);
  auto end = input_.find(text) + text.size();
  auto result = input_.substr(0, end);
  input_.erase(0, end);
  return result;
}

reply raw_client::read(bool bodiless) {
  reply result;
  result.head = read_until("\r\n\r\n");
  result.status = std::stoi(result.head.substr(9, 3));
  auto length = result.field("Content-Length");
  auto size = bodiless || length.empty() ? 0 : std::stoul(length);
  while (input_.size() < size)
    if (!fill())
      throw std::runtime_error("the server closed within a body");
  result.body = input_.substr(0, size);
  input_.erase(0, size);
  return result;
}

std::string raw_client::read_rest() {
  while (fill())
    ;
  return std::exchange(input_, {});
}

bool raw_client::closed() {
  return read_rest().empty();
}

gateway::admission recorder::admit(const gateway::request_head& head) noexcept {
  static constexpr std::string_view kept[] = {"content-type", "x-key"};
  if (on_admit)
    if (auto result = on_admit(head))
      return std::move(*result);
  if (head.target == "/now")
    return gateway::response{.content_type = "text/plain", .body = "now"};
  return gateway::admitted{.route = 7, .max_body = 1000, .keep = kept, .deadline = deadline};
}

void recorder::handle(std::vector<gateway::request>&& batch) noexcept {
  std::lock_guard lock{mutex_};
  batches_.push_back(batch.size());
  for (auto& request : batch)
    requests_.push_back(std::move(request));
  changed_.notify_all();
}

gateway::response recorder::problem(int status, std::string_view detail, std::string_view target) noexcept {
  return {.status = status,
          .content_type = "application/problem+json",
          .body = std::string(detail) + "|" + std::string(target)};
}

void recorder::answered(std::optional<std::uint32_t> route, std::string_view method, int status,
                        std::chrono::nanoseconds) noexcept {
  std::lock_guard lock{mutex_};
  answers_.push_back({route, std::string(method), status});
  changed_.notify_all();
}

gateway::request recorder::take() {
  std::unique_lock lock{mutex_};
  if (!changed_.wait_for(lock, patience, [&] { return taken_ < requests_.size(); }))
    throw std::runtime_error("no request came");
  return std::move(requests_[taken_++]);
}

std::size_t recorder::waiting() {
  std::lock_guard lock{mutex_};
  return requests_.size() - taken_;
}

std::vector<std::size_t> recorder::batches() {
  std::lock_guard lock{mutex_};
  return batches_;
}

std::vector<recorder::finished> recorder::answers() {
  std::lock_guard lock{mutex_};
  return answers_;
}

} // namespace tutti::tests::services_http

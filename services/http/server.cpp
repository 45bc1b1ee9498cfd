#include "services/http/server.hpp"

#include "services/http/accept_gate.hpp"
#include "services/http/answer_queue.hpp"
#include "services/http/io_loop.hpp"

#include <algorithm>
#include <future>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <sys/resource.h>

namespace tutti::services::http {
namespace {

// Left for what else the process opens: stores, logs, peers, and the clients that are told 503.
constexpr std::size_t reserved_descriptors = 256;

std::size_t fitting_connections(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return wanted;
  auto files = static_cast<std::size_t>(limit.rlim_cur);
  return std::min(wanted, files > 2 * reserved_descriptors ? files - reserved_descriptors : files / 2);
}

} // namespace

std::string server_options::validate() const {
  using std::chrono::milliseconds;
  if (threads < 1 || threads > 256)
    return "threads must be 1 to 256";
  if (max_connections < 1)
    return "max_connections must be at least 1";
  if (max_header_bytes < 512 || max_header_bytes > 1024 * 1024)
    return "max_header_bytes must be 512 to 1048576";
  if (max_request_line < 64 || max_request_line > max_header_bytes)
    return "max_request_line must be 64 to max_header_bytes";
  if (max_headers < 1)
    return "max_headers must be at least 1";
  if (max_pipelined < 1 || max_pipelined > answer_queue::capacity)
    return "max_pipelined must be 1 to " + std::to_string(answer_queue::capacity);
  if (max_pipelined_bytes < 1)
    return "max_pipelined_bytes must be at least 1";
  for (auto limit : {header_timeout, body_timeout, idle_timeout, write_timeout, linger_timeout, heartbeat})
    if (limit <= milliseconds::zero())
      return "every timeout must be above 0";
  return {};
}

struct server::parts {
  server_options options;
  std::shared_ptr<actors::http_gateway::request_handler> handler;
  std::size_t connection_limit = 0;
  std::vector<std::shared_ptr<io_loop>> loops;
  std::unique_ptr<accept_gate> gate;
  std::vector<std::thread> threads;

  void join() noexcept {
    for (auto& thread : threads)
      thread.join();
    threads.clear();
  }
};

server::server(server_options options, std::shared_ptr<actors::http_gateway::request_handler> handler)
    : parts_(std::make_unique<parts>()) {
  parts_->options = std::move(options);
  parts_->handler = std::move(handler);
}

server::~server() {
  stop(std::chrono::milliseconds::zero());
}

void server::start() {
  auto& p = *parts_;
  if (auto wrong = p.options.validate(); !wrong.empty())
    throw std::invalid_argument("http: " + wrong);
  if (!p.threads.empty())
    throw std::logic_error("http: the server is running");
  p.connection_limit = fitting_connections(p.options.max_connections);
  p.gate.reset();
  p.loops.clear();
  for (std::size_t i = 0; i < p.options.threads; ++i)
    p.loops.push_back(std::make_shared<io_loop>(p.options, *p.handler));
  p.gate = std::make_unique<accept_gate>(p.loops, p.connection_limit);
  p.gate->listen(p.options);
  try {
    for (auto& loop : p.loops)
      p.threads.emplace_back([loop = loop.get()] { loop->run(); });
  } catch (...) {
    stop(std::chrono::milliseconds::zero());
    throw;
  }
  boost::asio::post(p.loops.front()->context(), [gate = p.gate.get()] { gate->open(); });
}

std::uint16_t server::port() const noexcept {
  return parts_->gate ? parts_->gate->port() : 0;
}

void server::stop(std::chrono::milliseconds deadline) {
  auto& p = *parts_;
  if (p.threads.empty())
    return;
  auto until = io_loop::clock::now() + deadline;
  // First the gate, so that nothing reaches a loop that has ended.
  std::promise<void> shut;
  boost::asio::post(p.loops.front()->context(), [&] {
    p.gate->close();
    shut.set_value();
  });
  shut.get_future().wait();
  for (auto& loop : p.loops)
    loop->begin_stop(until);
  p.join();
}

server_stats server::stats() const noexcept {
  server_stats sum;
  for (auto& loop : parts_->loops) {
    auto& c = loop->counters();
    sum.open_connections += c.open.load(std::memory_order_relaxed);
    sum.in_flight += c.in_flight.load(std::memory_order_relaxed);
    sum.feeds += c.feeds.load(std::memory_order_relaxed);
  }
  if (parts_->gate) {
    sum.accepted = parts_->gate->accepted();
    sum.rejected = parts_->gate->rejected();
  }
  sum.connection_limit = parts_->connection_limit;
  return sum;
}

} // namespace tutti::services::http

#pragma once
#include "actors/http_gateway/exchange/exchange.hpp"
#include "services/http/request_parser.hpp"
#include "services/http/response_writer.hpp"
#include "services/http/server.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tutti::services::http {

class connection;

/// Written by the loop's thread, read by any.
struct loop_counters {
  std::atomic<std::size_t> open{0}; // raised by the accepting thread
  std::atomic<std::size_t> refusing{0};
  std::atomic<std::size_t> in_flight{0};
  std::atomic<std::size_t> feeds{0};
};

/// One I/O thread with its connections. Kept alive by them too, so that an answer that comes after the
/// server has gone finds a closed door instead of freed memory.
class io_loop : public std::enable_shared_from_this<io_loop> {
public:
  using clock = std::chrono::steady_clock;

  /// The handler is used until run() returns.
  io_loop(const server_options& options, actors::http_gateway::request_handler& handler);
  ~io_loop();

  /// The thread's body; returns after begin_stop() when no connection is left.
  void run();

  // From any thread.
  void adopt(int socket, std::string peer, bool too_many);
  void begin_stop(clock::time_point deadline);
  void deliver(std::shared_ptr<connection> to, std::uint64_t number, actors::http_gateway::response&& answer);
  /// The connection's feed may have events.
  void wake(std::shared_ptr<connection> streaming);

  // On the loop's thread.
  boost::asio::io_context& context() noexcept { return context_; }
  actors::http_gateway::request_handler& handler() noexcept { return handler_; }
  const server_options& options() const noexcept { return options_; }
  const reader_limits& limits() const noexcept { return limits_; }
  std::vector<actors::http_gateway::header>& header_scratch() noexcept { return header_scratch_; }
  loop_counters& counters() noexcept { return counters_; }
  const loop_counters& counters() const noexcept { return counters_; }
  std::string_view date() { return date_.now(); }
  bool stopping() const noexcept { return stopping_; }
  /// The beginning of the present turn, near enough.
  clock::time_point now() const noexcept { return now_; }
  void new_turn() noexcept { now_ = clock::now(); }
  /// Hands the request on with the others of this turn.
  void submit(actors::http_gateway::request&& request);
  /// Lets it read on when the answers of this turn are on their way: by then the next request is often there,
  /// which spares an attempt in vain and a wait for the event.
  void read_on(std::shared_ptr<connection> who);
  /// Drops a connection that has closed and whose operations have ended.
  void reap(connection& c);
  /// Empty; one for all connections, as output is rendered and written at once.
  std::string& output_scratch();

private:
  struct delivery {
    std::shared_ptr<connection> to;
    std::uint64_t number;
    actors::http_gateway::response answer;
  };
  static constexpr std::uint64_t wake_only = ~std::uint64_t{0};

  void enqueue(delivery&& item);
  void drain_outbox();
  void arm_reads(bool after_answers);
  void arm_sweep();
  void sweep();
  void finish();

  server_options options_;
  reader_limits limits_;
  // Not shared: a handler keeps responders, they keep this.
  actors::http_gateway::request_handler& handler_;
  // Sockets are used on the loop's thread only; posting from others stays safe.
  boost::asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  boost::asio::steady_timer sweep_timer_{context_};
  std::chrono::milliseconds tick_;
  clock::time_point now_ = clock::now();
  clock::time_point stop_deadline_ = clock::time_point::max();
  bool stopping_ = false;
  bool sweeping_ = false;

  std::vector<std::shared_ptr<connection>> connections_;
  std::vector<actors::http_gateway::request> batch_;
  std::vector<actors::http_gateway::header> header_scratch_;
  std::vector<connection*> touched_;
  std::vector<std::shared_ptr<connection>> reading_on_;
  std::string output_scratch_;
  date_clock date_;
  loop_counters counters_;

  std::mutex outbox_mutex_;
  std::vector<delivery> outbox_; // guarded by outbox_mutex_
  bool outbox_closed_ = false;   // guarded by outbox_mutex_
  std::vector<delivery> inbox_;  // the part that is being worked off
};

} // namespace tutti::services::http

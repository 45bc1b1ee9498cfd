#pragma once
#include "services/http/answer_queue.hpp"
#include "services/http/io_loop.hpp"
#include "services/http/request_reader.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace tutti::services::http {

/// One client. Its loop's registry owns it until it has closed and no operation is under way; responders
/// keep the shell of it longer, as the address where late answers are dropped.
class connection final : public actors::http_gateway::reply_channel,
                         public std::enable_shared_from_this<connection> {
public:
  connection(std::shared_ptr<io_loop> loop, int socket, std::string peer, bool too_many);

  // reply_channel, from any thread.
  void deliver(std::uint64_t number, actors::http_gateway::response&& answer) noexcept override;
  bool abandoned(std::uint64_t number) const noexcept override;

  // On the loop's thread; after each the loop calls reap().
  void start();
  /// Takes an answer in; advance() writes it.
  void settle(std::uint64_t number, actors::http_gateway::response&& answer);
  void wake_taken() noexcept { wake_sent_.store(false, std::memory_order_release); }
  /// Does all that can be done now: parses, writes, arms the next operation, or ends.
  void advance();
  /// Reads once, if it may.
  void arm_read();
  /// Enforces the time limits.
  void check();
  /// The server is stopping.
  void drain();
  void close() noexcept;
  bool ended() const noexcept { return closed_ && operations_ == 0; }
  bool too_many() const noexcept { return too_many_; }

  std::size_t index = 0; ///< place in the loop's registry
  bool touched = false;  ///< on the loop's list of this turn

private:
  using clock = io_loop::clock;
  using tcp_socket =
      boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

  struct stream_state {
    std::shared_ptr<actors::http_gateway::event_feed> feed;
    bool chunked = true;
    bool ending = false;
    clock::time_point last_write;
  };

  // connection.cpp: what comes in
  void on_read(boost::system::error_code ec, std::size_t count);
  void on_end_of_input();
  void parse();
  void on_head();
  void answer_unread(actors::http_gateway::response&& answer);
  void on_body();
  void on_refusal();
  void hand_on(actors::http_gateway::request&& request);
  void fail(owed_answer& owed, int status, std::string_view detail);
  owed_answer& owe();
  /// No further request is read now.
  bool full() const noexcept;

  // connection_output.cpp: what goes out
  bool write_answers();
  void send(std::string_view bytes);
  void arm_write();
  void on_write(boost::system::error_code ec, std::size_t count);
  void drop_answers() noexcept;
  void finish();
  void open_stream(std::shared_ptr<actors::http_gateway::event_feed> feed, bool chunked);
  void wake();
  void pump();
  void send_events(std::string_view events);
  void end_stream();
  void forget_stream() noexcept;

  std::shared_ptr<io_loop> loop_;
  std::optional<tcp_socket>
      socket_; // gone with close(), as a responder on another thread may outlive the loop
  std::string peer_;
  request_reader reader_;
  answer_queue owed_;
  std::unique_ptr<actors::http_gateway::request> incomplete_; // its body is coming
  std::unique_ptr<stream_state> stream_;
  std::string unsent_;
  std::size_t sent_ = 0; // of unsent_
  std::size_t discarded_ = 0;
  std::size_t owed_bytes_ = 0;    // bodies of the requests in owed_
  clock::time_point since_;       // when the reader's present phase began
  clock::time_point write_since_; // when the client last took something
  request_reader::phase seen_phase_ = request_reader::phase::idle;
  std::atomic<bool> wake_sent_{false};
  int operations_ = 0;
  bool reading_ = false;
  bool arming_ = false; ///< the loop will let it read
  bool writing_ = false;
  bool last_request_ = false; // no further one is read
  bool client_done_ = false;  // it has sent FIN
  bool client_asked_ = false; // it wants the connection to end, and has sent all
  bool skipping_body_ = false;
  bool lingering_ = false;
  bool closed_ = false;
  const bool too_many_;
};

} // namespace tutti::services::http

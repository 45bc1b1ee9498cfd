#pragma once
#include "services/redis/protocol/handshake.hpp"
#include "services/redis/protocol/reply_parser.hpp"
#include "services/redis/stream.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

namespace tutti::services::redis {

struct connection_settings {
  server_address server;
  std::string client_name;
  std::string ca_file;
  std::size_t max_reply_bytes;
};

/// Who uses a connection; called on the I/O thread, and not any more after connection::close().
class connection_owner {
public:
  virtual ~connection_owner() = default;
  virtual void opened(server_facts facts) = 0;
  virtual void replied(reply&& answer) = 0;
  /// After the replies that came together.
  virtual void pause() = 0;
  /// What was passed to write() is with the kernel.
  virtual void written() = 0;
  /// Once, and nothing else after it.
  /// `refused`: the server understood the log-in and said no.
  virtual void broken(std::string reason, bool refused) = 0;
};

/// One connection, from its opening with the handshake to its end. All on the io_context's thread.
class connection : public std::enable_shared_from_this<connection> {
public:
  /// Keeps its owner alive until close().
  connection(boost::asio::io_context& context, std::shared_ptr<const connection_settings> settings,
             std::shared_ptr<connection_owner> owner);

  void open();
  /// Only between opened() or written() and the next write(). Swaps the buffers: `bytes` is empty afterwards.
  void write(std::string& bytes);
  void close() noexcept;
  /// What opening is at, for people.
  const char* awaited() const noexcept {
    return greeting_size_ == 0 ? stream_.awaited() : "the log-in's answers";
  }

private:
  void log_in();
  void send();
  void receive();
  void parse(std::size_t received);
  void logged_in();
  void fail(std::string reason, bool refused = false);

  std::shared_ptr<const connection_settings> settings_;
  std::shared_ptr<connection_owner> owner_; // null: closed
  stream stream_;
  reply_parser parser_;
  std::vector<char> input_;
  std::string output_;
  std::vector<reply> greeting_;   // replies to the handshake
  std::size_t greeting_size_ = 0; // as many are awaited
  bool ready_ = false;
};

} // namespace tutti::services::redis

#pragma once
#include "services/redis/protocol/url.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace tutti::services::redis {

/// A TCP connection, with TLS on it or not. Used on its io_context's thread; whoever starts an operation
/// keeps the stream alive in `done`.
class stream {
public:
  using io_done = std::function<void(const boost::system::error_code&, std::size_t)>;
  /// What is wrong, or "".
  using open_done = std::function<void(std::string wrong)>;

  explicit stream(boost::asio::io_context& context);
  ~stream();

  /// With TLS, the server's certificate is verified for its host name, against `ca_file` or, when empty,
  /// the system's authorities. Both arguments are used until `done` is called.
  void open(const server_address& to, const std::string& ca_file, open_done done);
  void read_some(boost::asio::mutable_buffer into, io_done done);
  /// All of it.
  void write(boost::asio::const_buffer what, io_done done);
  /// What open() is at: "the host's address"…
  const char* awaited() const noexcept { return awaited_; }
  /// Ends open operations with an error.
  void close() noexcept;

private:
  struct tls;

  void connect(const boost::asio::ip::tcp::resolver::results_type& found, const server_address& to,
               const std::string& ca_file, open_done done);
  void encrypt(const server_address& to, const std::string& ca_file, open_done done);

  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<tls> tls_;
  const char* awaited_ = "the host's address";
};

} // namespace tutti::services::redis

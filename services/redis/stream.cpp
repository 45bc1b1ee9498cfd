#include "services/redis/stream.hpp"

#include "services/net/tls.hpp"

#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace tutti::services::redis {
namespace {

/// A peer that vanished is noticed after some 15 s when idle, and when it has data to acknowledge.
void guard_against_silence(boost::asio::ip::tcp::socket& socket) {
  auto set = [&](int level, int name, int value) {
    // Not worth failing for: deadlines and pings notice too, only later.
    (void)::setsockopt(socket.native_handle(), level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 6);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 3);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 15'000); // ms
  set(IPPROTO_TCP, TCP_NODELAY, 1);
}

} // namespace

struct stream::tls {
  tls(boost::asio::ip::tcp::socket& socket, boost::asio::ssl::context& context) : layer(socket, context) {}

  boost::asio::ssl::stream<boost::asio::ip::tcp::socket&> layer;
};

stream::stream(boost::asio::io_context& context) : resolver_(context), socket_(context) {}

stream::~stream() = default;

void stream::open(const server_address& to, const std::string& ca_file, open_done done) {
  resolver_.async_resolve(
      to.host, std::to_string(to.port),
      [this, &to, &ca_file, done = std::move(done)](
          const boost::system::error_code& wrong, const boost::asio::ip::tcp::resolver::results_type& found) {
        if (wrong)
          done("the host is not known: " + wrong.message());
        else
          connect(found, to, ca_file, done);
      });
}

void stream::connect(const boost::asio::ip::tcp::resolver::results_type& found, const server_address& to,
                     const std::string& ca_file, open_done done) {
  awaited_ = "a connection";
  boost::asio::async_connect(
      socket_, found,
      [this, &to, &ca_file, done = std::move(done)](const boost::system::error_code& wrong, const auto&) {
        if (wrong)
          return done("no connection: " + wrong.message());
        guard_against_silence(socket_);
        if (to.tls)
          encrypt(to, ca_file, done);
        else
          done("");
      });
}

void stream::encrypt(const server_address& to, const std::string& ca_file, open_done done) {
  awaited_ = "TLS (is it a server without?)";
  namespace ssl = boost::asio::ssl;
  ssl::context context{ssl::context::tls_client}; // the layer shares what it is made of
  context.set_verify_mode(ssl::verify_peer);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  boost::system::error_code wrong;
  if (ca_file.empty())
    context.set_default_verify_paths(wrong);
  else
    context.load_verify_file(ca_file, wrong);
  if (wrong)
    return done("the authorities' file cannot be used: " + wrong.message());
  tls_ = std::make_unique<tls>(socket_, context);
  if (!net::expect_host(tls_->layer.native_handle(), to.host))
    return done("the host's name cannot be used with TLS");
  tls_->layer.async_handshake(boost::asio::ssl::stream_base::client,
                              [this, done = std::move(done)](const boost::system::error_code& failed) {
                                if (!failed)
                                  return done("");
                                auto verdict = SSL_get_verify_result(tls_->layer.native_handle());
                                done("no TLS: "
                                     + (verdict == X509_V_OK
                                            ? failed.message()
                                            : std::string{"the server's certificate is refused: "}
                                                  + X509_verify_cert_error_string(verdict)));
                              });
}

void stream::read_some(boost::asio::mutable_buffer into, io_done done) {
  if (tls_)
    tls_->layer.async_read_some(into, std::move(done));
  else
    socket_.async_read_some(into, std::move(done));
}

void stream::write(boost::asio::const_buffer what, io_done done) {
  if (tls_)
    boost::asio::async_write(tls_->layer, what, std::move(done));
  else
    boost::asio::async_write(socket_, what, std::move(done));
}

void stream::close() noexcept {
  resolver_.cancel();
  boost::system::error_code ignored; // the descriptor is given back whatever close says
  socket_.close(ignored);
}

} // namespace tutti::services::redis

#include "services/websocket/transport.hpp"

#include "services/net/tls.hpp"

#include <cerrno>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace tutti::services::websocket {
namespace {

namespace asio = boost::asio;

// OpenSSL's own way to a socket raises SIGPIPE.
int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int report(BIO* bio, ssize_t moved, int retry) {
  BIO_clear_retry_flags(bio);
  if (moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  else if (moved == 0)
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(moved);
}

int bio_write(BIO* bio, const char* data, int size) {
  return report(bio, ::send(socket_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL),
                BIO_FLAGS_WRITE);
}

int bio_read(BIO* bio, char* data, int size) {
  return report(bio, ::recv(socket_of(bio), data, static_cast<std::size_t>(size), 0), BIO_FLAGS_READ);
}

long bio_control(BIO* bio, int command, long, void*) {
  switch (command) {
  case BIO_CTRL_FLUSH:
    return 1;
  case BIO_CTRL_EOF:
    return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  default:
    return 0;
  }
}

BIO* new_bio(int socket) {
  static BIO_METHOD* const method = [] {
    auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tutti socket");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  auto* made = BIO_new(method);
  BIO_set_data(made, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(made, 1);
  return made;
}

boost::system::error_code first_tls_error() {
  auto code = ERR_get_error();
  if (code == 0)
    return errno != 0 ? boost::system::error_code{errno, boost::system::system_category()}
                      : boost::system::error_code{asio::error::eof};
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return asio::error::eof;
  return {static_cast<int>(code), asio::error::get_ssl_category()};
}

} // namespace

void transport::close_tls::operator()(SSL* connection) const noexcept {
  SSL_free(connection);
}

transport::progress transport::judge(int returned) noexcept {
  progress out;
  switch (SSL_get_error(tls_.get(), returned)) {
  case SSL_ERROR_WANT_READ:
    out.waits = true;
    break;
  case SSL_ERROR_WANT_WRITE:
    out.waits = true;
    out.ready = wait_type::wait_write;
    break;
  case SSL_ERROR_ZERO_RETURN:
    out.wrong = asio::error::eof;
    break;
  default:
    out.wrong = first_tls_error();
  }
  return out;
}

transport::progress transport::read_now(asio::mutable_buffer into) noexcept {
  progress out;
  if (tls_) {
    ERR_clear_error();
    errno = 0;
    auto returned = SSL_read_ex(tls_.get(), into.data(), into.size(), &out.size);
    return returned == 1 ? out : judge(returned);
  }
  out.size = socket_.read_some(into, out.wrong);
  out.waits = out.wrong == asio::error::would_block;
  return out;
}

transport::progress transport::write_now(asio::const_buffer what) noexcept {
  progress out;
  out.ready = wait_type::wait_write;
  if (tls_) {
    ERR_clear_error();
    errno = 0;
    auto returned = SSL_write_ex(tls_.get(), what.data(), what.size(), &out.size);
    return returned == 1 ? out : judge(returned);
  }
  out.size = socket_.write_some(what, out.wrong);
  out.waits = out.wrong == asio::error::would_block;
  return out;
}

void transport::encrypt(SSL_CTX& with, const std::string& host, std::function<void(std::string)> done) {
  tls_.reset(SSL_new(&with));
  if (!tls_ || !net::expect_host(tls_.get(), host))
    return done("the host's name cannot be used with TLS");
  auto* bio = new_bio(socket_.native_handle());
  SSL_set_bio(tls_.get(), bio, bio);
  SSL_set_connect_state(tls_.get());
  shake_hands(std::move(done));
}

void transport::shake_hands(std::function<void(std::string)> done) {
  ERR_clear_error();
  errno = 0;
  auto returned = SSL_do_handshake(tls_.get());
  if (returned == 1)
    return done("");
  auto made = judge(returned);
  if (made.waits)
    return socket_.async_wait(made.ready,
                              [this, done = std::move(done)](const boost::system::error_code& wrong) mutable {
                                if (wrong)
                                  done("no TLS: " + wrong.message());
                                else
                                  shake_hands(std::move(done));
                              });
  auto verdict = SSL_get_verify_result(tls_.get());
  done("no TLS: "
       + (verdict == X509_V_OK ? made.wrong.message()
                               : std::string{"the server's certificate is refused: "}
                                     + X509_verify_cert_error_string(verdict)));
}

void transport::close(bool abrupt) noexcept {
  boost::system::error_code ignored; // the descriptor is given back whatever these say
  if (abrupt)
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
  socket_.close(ignored);
}

void transport::farewell() noexcept {
  if (tls_)
    SSL_shutdown(tls_.get());
  boost::system::error_code ignored; // the peer may have gone
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

void teardown(boost::beast::role_type, transport& on, boost::system::error_code& wrong) {
  on.farewell();
  wrong = {};
}

} // namespace tutti::services::websocket

#include "runtime/cluster/links/tls_link.hpp"

#include "runtime/cluster/tls/certificates.hpp"
#include "runtime/error.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <utility>
#include <vector>

#include <caf/io/network/native_socket.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/io/scribe.hpp>
#include <caf/make_counted.hpp>
#include <openssl/err.h>

namespace tutti::runtime::cluster {
namespace {

namespace network = caf::io::network;

std::string first_error() {
  auto code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason ? reason : "the connection was closed";
}

/// What CAF's streams read and write by.
class tls_policy {
public:
  explicit tls_policy(tls_session session) : session_(std::move(session)) {}

  network::rw_state read_some(std::size_t& result, network::native_socket, void* to, std::size_t size) {
    return some(result, size, [&](int most) { return SSL_read(session_.get(), to, most); });
  }
  network::rw_state write_some(std::size_t& result, network::native_socket, const void* from,
                               std::size_t size) {
    return some(result, size, [&](int most) { return SSL_write(session_.get(), from, most); });
  }
  bool must_read_more(network::native_socket, std::size_t threshold) {
    return static_cast<std::size_t>(SSL_pending(session_.get())) >= threshold;
  }

private:
  template <class Operation>
  network::rw_state some(std::size_t& result, std::size_t size, Operation operation) {
    result = 0;
    if (size == 0)
      return network::rw_state::indeterminate;
    ERR_clear_error(); // SSL_get_error looks at it
    int done = operation(static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
    if (done > 0) {
      result = static_cast<std::size_t>(done);
      return network::rw_state::success;
    }
    auto state = SSL_get_error(session_.get(), done);
    return state == SSL_ERROR_WANT_READ || state == SSL_ERROR_WANT_WRITE ? network::rw_state::success
                                                                         : network::rw_state::failure;
  }

  tls_session session_;
};

class tls_scribe final : public caf::io::scribe {
public:
  tls_scribe(network::default_multiplexer& loop, network::native_socket socket, tls_session session)
      : scribe(network::conn_hdl_from_socket(socket)), names_(names_of(SSL_get0_peer_certificate(session.get()))),
        stream_(loop, socket, std::move(session)) {}

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (!std::exchange(launched_, true))
      stream_.start(this);
  }
  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }
  void flush() override { stream_.flush(this); }
  /// CAF's broker asks for it only to answer who it is connected with.
  std::string addr() const override { return names_; }
  std::uint16_t port() const override {
    auto out = network::remote_port_of_fd(stream_.fd());
    return out ? *out : std::uint16_t{0};
  }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

private:
  bool launched_ = false;
  const std::string names_;
  network::stream_impl<tls_policy> stream_;
};

} // namespace

caf::expected<tls_context> load_tls(const config::tls_settings& tls) {
  if (tls.mode == config::tls_mode::off)
    return tls_context{};
  ERR_clear_error();
  tls_context out{SSL_CTX_new(TLS_method()), SSL_CTX_free};
  auto* x = out.get();
  auto refuse = [](const std::string& what) {
    return make_error(ec::rejected, "cluster.tls: " + what + ": " + first_error());
  };
  if (!x || SSL_CTX_set_min_proto_version(x, TLS1_3_VERSION) != 1)
    return refuse("no TLS 1.3");
  // A passphrase would be asked for on the terminal.
  SSL_CTX_set_default_passwd_cb(x, [](char*, int, int, void*) { return -1; });
  if (SSL_CTX_use_certificate_chain_file(x, tls.certificate.c_str()) != 1)
    return refuse("certificate " + tls.certificate);
  if (SSL_CTX_use_PrivateKey_file(x, tls.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return refuse("key " + tls.key);
  if (SSL_CTX_load_verify_locations(x, tls.ca.c_str(), nullptr) != 1)
    return refuse("ca " + tls.ca);
  SSL_CTX_set_verify(x, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(x, 0);
  SSL_CTX_set_mode(x, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return out;
}

tls_session new_session(const tls_context& context, int socket, bool accept) {
  tls_session out{SSL_new(context.get())};
  if (!out || SSL_set_fd(out.get(), socket) != 1)
    return nullptr;
  accept ? SSL_set_accept_state(out.get()) : SSL_set_connect_state(out.get());
  return out;
}

handshake shake_hands(SSL& session, std::string& why) {
  ERR_clear_error();
  int result = SSL_do_handshake(&session);
  if (result == 1)
    return handshake::done;
  switch (SSL_get_error(&session, result)) {
  case SSL_ERROR_WANT_READ:
    return handshake::want_read;
  case SSL_ERROR_WANT_WRITE:
    return handshake::want_write;
  default:
    why = "TLS: " + first_error();
    return handshake::failed;
  }
}

caf::io::scribe_ptr make_link(network::default_multiplexer& loop, int socket, tls_session session) {
  if (!session)
    return loop.new_scribe(socket);
  return caf::make_counted<tls_scribe>(loop, socket, std::move(session));
}

} // namespace tutti::runtime::cluster

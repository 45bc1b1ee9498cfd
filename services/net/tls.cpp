#include "services/net/tls.hpp"

#include <stdexcept>

#include <boost/asio/ip/address.hpp>
#include <openssl/ssl.h>

namespace tutti::services::net {

std::shared_ptr<SSL_CTX> make_tls_client(const std::string& ca_file) {
  std::shared_ptr<SSL_CTX> made{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
  if (!made)
    throw std::bad_alloc{};
  SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(made.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                                   | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_OFF);
  auto read = ca_file.empty() ? SSL_CTX_set_default_verify_paths(made.get())
                              : SSL_CTX_load_verify_file(made.get(), ca_file.c_str());
  if (read != 1)
    throw std::runtime_error("the authorities of TLS cannot be read: "
                             + (ca_file.empty() ? std::string{"the system's"} : ca_file));
  return made;
}

bool expect_host(SSL* connection, const std::string& host) {
  boost::system::error_code no_address;
  boost::asio::ip::make_address(host, no_address);
  if (!no_address)
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), host.c_str()) == 1;
  return SSL_set1_host(connection, host.c_str()) == 1
         && SSL_set_tlsext_host_name(connection, host.c_str()) == 1;
}

} // namespace tutti::services::net

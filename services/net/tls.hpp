#pragma once
#include <memory>
#include <string>

#include <openssl/types.h>

namespace tutti::services::net {

/// What the connections of one TLS client share: the authorities above all, which take some megabytes. At
/// least TLS 1.2, certificates are verified, buffers are given back while a connection is idle. `ca_file`:
/// PEM; empty: the system's authorities. Throws std::runtime_error when they cannot be read.
std::shared_ptr<SSL_CTX> make_tls_client(const std::string& ca_file);

/// `host`, a name or an address, must stand in the server's certificate; names are also told to the server
/// (SNI). False: it cannot be used.
bool expect_host(SSL* connection, const std::string& host);

} // namespace tutti::services::net

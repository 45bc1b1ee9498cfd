#pragma once
#include "runtime/cluster/tls/handles.hpp"
#include "runtime/config/settings.hpp"

#include <memory>
#include <string>

#include <caf/expected.hpp>
#include <caf/io/fwd.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <openssl/ssl.h>

/// TLS below CAF's protocol, in place of CAF's own module. That one reads OpenSSL's error queue without ever
/// emptying it, so that one foreign connection breaks all others of the process; it reads the certificates
/// anew for each connection, on the one network thread, and ends the process when it cannot.
namespace tutti::runtime::cluster {

using tls_session = openssl_handle<SSL, SSL_free>;
/// Null: no TLS.
using tls_context = std::shared_ptr<SSL_CTX>;

/// Mutual TLS 1.3 with these files, which are read now and never again. Errors: rejected, with words.
caf::expected<tls_context> load_tls(const config::tls_settings& tls);

tls_session new_session(const tls_context& context, int socket, bool accept);

enum class handshake { done, want_read, want_write, failed };
/// One step. `why`: of a failure.
handshake shake_hands(SSL& session, std::string& why);

/// For the broker of CAF's protocol. Takes the socket; `session` null: plain, else after its handshake. The
/// broker tells the certificate's names (tls/certificates.hpp) as the address of such a link.
caf::io::scribe_ptr make_link(caf::io::network::default_multiplexer& loop, int socket, tls_session session);

} // namespace tutti::runtime::cluster

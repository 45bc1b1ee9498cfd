#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tutti::services::postgres {

/// Where the server is and how to log in: the parameters of a URL, as libpq calls them. Holds the password:
/// not to be logged.
class address {
public:
  /// Nothing when libpq cannot read the URL (its own words could show the password).
  static std::optional<address> parse(const std::string& url);

  struct host {
    std::string name; ///< empty: libpq's default; a path: a Unix socket's folder
    std::string port;
    std::string numeric; ///< its address, when it is known
    /// Names are resolved before libpq sees them, because libpq would block on them.
    bool needs_resolving() const noexcept { return numeric.empty() && !name.empty() && name[0] != '/'; }
  };
  std::vector<host> hosts;

  /// For PQconnectStartParams, with these hosts instead of the URL's. The name stays beside the numeric
  /// address: sslmode=verify-full compares it with the certificate.
  std::vector<std::pair<std::string, std::string>> parameters(const std::vector<host>& resolved) const;

private:
  std::vector<std::pair<std::string, std::string>> others_;
};

} // namespace tutti::services::postgres

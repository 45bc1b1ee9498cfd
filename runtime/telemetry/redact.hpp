#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Keeps secrets out of what is written down.
namespace tutti::runtime::telemetry {

/// Replaces secrets in a text by `***`:
/// - every known secret, wherever it stands, also JSON-escaped or percent-encoded;
/// - the value after a name that ends in token, password, passwd, secret, authorization, api_key or apikey
///   (any case, also api-key), with `=` or `:`, quoted or not; unquoted values end at white space or a quote,
///   so that the rest of a query string goes with them;
/// - the word after Bearer;
/// - user information in URLs: `scheme://user:pass@`.
///
/// Immutable after construction, so it may be used from any thread.
class redactor {
public:
  /// Shorter strings are not taken as secrets: they would blank out ordinary words.
  static constexpr std::size_t min_secret = 6;

  redactor() = default;
  /// Known secrets; of those with several lines (PEM keys) each long line counts too.
  explicit redactor(std::span<const std::string> secrets);

  /// True when something was found; `text` is then rewritten.
  bool apply(std::string& text) const;

private:
  std::vector<std::string> needles_;
};

} // namespace tutti::runtime::telemetry

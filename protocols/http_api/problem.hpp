#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tutti::protocols::http_api {

/// One mistake in a body.
struct field_error {
  std::string pointer; ///< JSON Pointer (RFC 6901) to the value in the body; "" is the whole body
  std::string detail;  ///< what is wrong, for a person: "must be a string"

  bool operator==(const field_error&) const = default;
};

/// A problem document (RFC 9457, media type application/problem+json).
struct problem {
  int status = 500;
  std::string type = "about:blank"; ///< a URI reference
  std::string title;                ///< "": the reason phrase of the status
  std::string detail;               ///< about this occurrence; left out when empty
  std::string instance;             ///< URI reference of the occurrence; left out when empty
  std::vector<field_error> errors;  ///< every mistake that was found; left out when empty
};

/// A value, or why there is none.
template <class T>
using result = std::variant<T, problem>;

/// The reason phrase of an HTTP status (RFC 9110), "" for one that has none.
std::string_view reason_phrase(int status) noexcept;

/// The problem as JSON text, valid whatever bytes it holds (broken UTF-8 becomes U+FFFD).
std::string render(const problem& what);

/// 400: the bytes are not what they claim to be.
problem malformed(std::string detail);
/// 422: readable, but not acceptable.
problem unprocessable(std::string detail, std::vector<field_error> errors = {});

/// One token of a JSON Pointer, with its "/" and its escapes (RFC 6901, section 3).
std::string pointer_token(std::string_view name);

} // namespace tutti::protocols::http_api

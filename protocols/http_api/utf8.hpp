#pragma once
#include <cstddef>
#include <string_view>

namespace tutti::protocols::http_api {

/// What stands at the beginning of `text`, which must not be empty.
struct utf8_step {
  std::size_t length =
      0;              ///< bytes of the sequence; of a broken one, those to replace by one U+FFFD (W3C's rule)
  bool valid = false; ///< shortest form, no surrogate, at most U+10FFFF (RFC 3629)
};
utf8_step next_utf8(std::string_view text) noexcept;

bool valid_utf8(std::string_view text) noexcept;

/// Code points of valid UTF-8.
std::size_t count_utf8(std::string_view text) noexcept;

} // namespace tutti::protocols::http_api

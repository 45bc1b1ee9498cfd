#pragma once
#include <cstddef>
#include <string>
#include <string_view>

/// The escapes in a JSON string (RFC 8259, section 7).
namespace tutti::protocols::json {

/// Bytes of the escape that `text` begins with; 0 when it is none.
std::size_t escape_length(std::string_view text) noexcept;

/// Appends what `text`, the checked inside of a JSON string, stands for. Half a surrogate pair becomes
/// U+FFFD.
void append_unescaped(std::string& out, std::string_view text);

} // namespace tutti::protocols::json

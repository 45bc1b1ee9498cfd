#pragma once
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace tutti::protocols::http_api {

/// Appends JSON text to a string: commas, escaping and number formats are its work, matching begin with end
/// and giving each key one value the caller's. Whatever bytes come in, the strings are valid UTF-8 (broken
/// sequences become U+FFFD).
class json_writer {
public:
  explicit json_writer(std::string& out) noexcept : out_(out) {}

  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close(']'); }

  json_writer& key(std::string_view name);
  json_writer& string(std::string_view text);
  template <std::integral I>
  requires(!std::same_as<I, bool>) json_writer& integer(I value) {
    if constexpr (std::is_signed_v<I>)
      return signed_integer(value);
    else
      return unsigned_integer(value);
  }
  /// The shortest text that reads back as the same double; null for NaN and the infinities, which JSON lacks.
  json_writer& number(double value);
  json_writer& boolean(bool value);
  json_writer& null();
  /// `json` must be one complete JSON value; it is not checked.
  json_writer& raw(std::string_view json);

  /// A key with its value: text, integer, double or bool.
  template <class T>
  json_writer& member(std::string_view name, const T& value) {
    key(name);
    if constexpr (std::same_as<T, bool>)
      return boolean(value);
    else if constexpr (std::integral<T>)
      return integer(value);
    else if constexpr (std::floating_point<T>)
      return number(value);
    else
      return string(value);
  }

private:
  json_writer& open(char bracket);
  json_writer& close(char bracket);
  json_writer& signed_integer(std::int64_t value);
  json_writer& unsigned_integer(std::uint64_t value);
  void separate();

  std::string& out_;
  bool comma_ = false; ///< a value stands before what comes next in the same array or object
};

/// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

} // namespace tutti::protocols::http_api

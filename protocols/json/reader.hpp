#pragma once
#include "protocols/json/outcome.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::protocols::json {

enum class kind : std::uint8_t { none, null, boolean, number, string, object, array };

/// Levels of arrays and objects that a text may have.
inline constexpr std::size_t max_depth = 64;

/// Reads JSON (RFC 8259) value by value, as the caller asks for them: no tree, no allocation but for strings
/// with escapes. What is skipped is checked as strictly as what is read; broken UTF-8 is refused. Half a
/// surrogate pair in an escape becomes U+FFFD, since JSON.parse lets others send it.
///
/// After the first mistake every call does nothing and says no; `error` then tells the field. The text must
/// outlive the reader.
class reader {
public:
  /// `root` is what errors call the whole text, such as "d".
  explicit reader(std::string_view text, std::string_view root = {}) noexcept;

  bool ok() const noexcept { return !failed_; }
  /// Only after a mistake.
  field_error error() const { return {path_text_, detail_}; }

  /// Of the next value; `none` when nothing that could be a value follows.
  kind peek() noexcept;

  /// Calls `member(key)` for each member of the next value, which must be an object. The call has to take the
  /// member's value: read or skip it. The key is valid until the next read.
  template <class F>
  bool object(F&& member) {
    if (!open('{', "must be an object"))
      return false;
    for (std::string_view name; next_member(name);)
      member(name);
    return ok();
  }

  /// Calls `element()` for each element of the next value, which must be an array. The call has to take it.
  template <class F>
  bool array(F&& element) {
    if (!open('[', "must be an array"))
      return false;
    while (next_element())
      element();
    return ok();
  }

  /// Takes a null, if that is what comes next.
  bool null() noexcept;
  bool boolean(bool& out);
  /// Decoded; valid until the next read.
  bool string(std::string_view& out);
  bool string(std::string& out);
  /// Without fraction and exponent, within the range of I.
  template <std::integral I>
  requires(!std::same_as<I, bool>) bool integer(I& out) {
    std::int64_t value = 0;
    if (!signed_integer(value))
      return false;
    if (value < static_cast<std::int64_t>(std::numeric_limits<I>::min())
        || (sizeof(I) < 8 && value > static_cast<std::int64_t>(std::numeric_limits<I>::max())))
      return fail("is out of range");
    out = static_cast<I>(value);
    return true;
  }
  bool number(double& out);
  /// Takes any value.
  bool skip();
  /// The slice of the text that is the next value.
  bool raw(std::string_view& out);
  /// Nothing but white space is left.
  bool end();

  /// A mistake at the value that is being read.
  bool fail(std::string_view detail);
  /// A mistake at the member `name` of the object that is being read or has just been read.
  bool fail_member(std::string_view name, std::string_view detail);
  /// That object lacks `name`.
  bool missing(std::string_view name) { return fail_member(name, "is missing"); }

private:
  /// An open bracket. Without initial values: 64 of them would cost more than most frames.
  struct level {
    const char* name; ///< of the member, as it stands in the text
    std::uint32_t name_size;
    std::uint32_t count; ///< members or elements begun
    bool array;
  };

  bool open(char bracket, std::string_view otherwise);
  bool next_member(std::string_view& name);
  bool next_element();
  bool scan_string(std::string_view& slice, bool& escaped);
  bool scan_number(bool& whole);
  bool scan_literal(std::string_view word);
  bool scan_scalar(char first);
  bool signed_integer(std::int64_t& out);
  void blanks() noexcept;
  bool syntax(std::string_view detail);
  std::string path() const;

  const char* begin_;
  const char* at_;
  const char* end_;
  std::string_view root_;
  bool failed_ = false;
  std::size_t depth_ = 0;
  std::array<level, max_depth> levels_;
  std::string scratch_, path_text_, detail_;
};

} // namespace tutti::protocols::json

#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::services::cli {

/// A value of a parsed answer. Cheap to copy; whatever is asked of the wrong kind of value is empty, since an
/// answer is shown as far as it can be.
class json {
public:
  json() = default; ///< null
  /// Nothing when it is not JSON, or nested more than 200 deep; then `why` says what is wrong and where.
  static std::optional<json> parse(std::string_view text, std::string* why = nullptr);

  /// A member of an object, or null.
  json operator[](std::string_view name) const;
  bool is_null() const noexcept;
  bool is_object() const noexcept;
  bool is_array() const noexcept;
  bool is_string() const noexcept;
  bool flag() const noexcept;
  std::int64_t integer() const noexcept; ///< 0 for what is not one
  std::uint64_t count() const noexcept;  ///< 0 for what is not one, and for negative ones
  double number() const noexcept;
  /// A string's content; other values as JSON text, null as "".
  std::string text() const;
  /// As JSON text.
  std::string dump() const;
  std::vector<json> items() const;                           ///< of an array
  std::vector<std::pair<std::string, json>> members() const; ///< of an object

private:
  json(std::shared_ptr<const void> owner, const void* value) : owner_(std::move(owner)), value_(value) {}

  std::shared_ptr<const void> owner_;
  const void* value_ = nullptr;
};

} // namespace tutti::services::cli

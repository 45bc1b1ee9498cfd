#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::services::postgres {

/// A bytea, any bytes.
struct bytes {
  std::string data;
  friend bool operator==(const bytes&, const bytes&) = default;
};

/// A timestamptz: milliseconds since the Unix epoch, UTC; years 1 to 9999.
struct timestamp {
  std::int64_t unix_ms = 0;
  friend auto operator<=>(const timestamp&, const timestamp&) = default;
};

/// A parameter in the server's own text (bytes: binary), so that it fits any type the SQL casts it to.
/// Encoded where it is made, not on the I/O thread.
class param {
public:
  param(std::nullptr_t) noexcept : null_(true) {}
  param(std::nullopt_t) noexcept : null_(true) {}
  param(std::string text) noexcept : data_(std::move(text)) { check(); }
  param(std::string_view text) : param(std::string{text}) {}
  param(const char* text) : param(std::string{text}) {}
  param(std::same_as<bool> auto value) : data_(value ? "t" : "f") {}
  template <std::integral I>
  requires(!std::same_as<I, bool> && !std::same_as<I, char>) param(I value) : data_(std::to_string(value)) {}
  param(double value);
  param(bytes value) noexcept : data_(std::move(value.data)), binary_(true) {}
  param(timestamp value);
  /// Arrays: `unnest($1::text[], $2::bigint[])` inserts many rows in one statement.
  param(const std::vector<std::string>& values);
  param(const std::vector<std::int64_t>& values);
  param(const std::vector<bytes>& values);
  template <class T>
  param(const std::optional<T>& value) : param(nullptr) {
    if (value)
      *this = param(*value);
  }

  bool is_null() const noexcept { return null_; }
  bool binary() const noexcept { return binary_; }
  /// False for a text with a NUL, which no text of PostgreSQL can hold.
  bool valid() const noexcept { return valid_; }
  const std::string& data() const noexcept { return data_; }

private:
  void check() noexcept { valid_ = data_.find('\0') == std::string::npos; }

  std::string data_;
  bool null_ = false;
  bool binary_ = false;
  bool valid_ = true;
};

/// "2026-01-02 03:04:05.678+00", what the server takes and, in UTC, gives.
std::string to_text(timestamp at);
/// Nothing for anything else, infinity and years before Christ included.
std::optional<timestamp> parse_timestamp(std::string_view text) noexcept;
/// From the hex format: `\x00ff`.
std::optional<bytes> parse_bytes(std::string_view text);

} // namespace tutti::services::postgres

#pragma once
#include "services/postgres/statement/value.hpp"

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct pg_result; // libpq's

namespace tutti::services::postgres {

/// A column that is not there, is null or of another type than the reader thought: a bug.
struct bad_value : std::runtime_error {
  using runtime_error::runtime_error;
};

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

/// One row; lives as long as its result.
class row {
public:
  row(const pg_result* from, int number) noexcept : from_(from), number_(number) {}

  bool is_null(int column) const;
  /// std::string, std::string_view (into the result), integers (range checked), bool, double, bytes,
  /// timestamp, or std::optional of one of them for what may be null. Throws bad_value.
  template <class T>
  T get(int column) const {
    if constexpr (is_optional<T>::value) {
      if (is_null(column))
        return std::nullopt;
      return get<typename T::value_type>(column);
    } else if constexpr (std::integral<T> && !std::same_as<T, bool>) {
      auto text = value(column);
      T number{};
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc{} || end != text.data() + text.size())
        complain(column, "is not an integer that fits");
      return number;
    } else {
      T out;
      read(column, out);
      return out;
    }
  }

private:
  std::string_view value(int column) const; ///< throws when null
  [[noreturn]] void complain(int column, const char* why) const;
  void read(int column, std::string& out) const { out = value(column); }
  void read(int column, std::string_view& out) const { out = value(column); }
  void read(int column, bool& out) const;
  void read(int column, double& out) const;
  void read(int column, bytes& out) const;
  void read(int column, timestamp& out) const;

  const pg_result* from_;
  int number_;
};

/// What one statement gave. Immutable and cheap to copy, for any thread.
class result {
public:
  result() = default;
  explicit result(std::shared_ptr<const pg_result> from) noexcept : from_(std::move(from)) {}

  std::size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }
  /// Throws bad_value beyond the end.
  row operator[](std::size_t number) const;
  /// Rows that an INSERT, UPDATE, DELETE or SELECT touched.
  std::uint64_t affected() const noexcept;
  /// The command tag's word: "COMMIT", "ROLLBACK".
  std::string_view tag() const noexcept;

private:
  std::shared_ptr<const pg_result> from_;
};

} // namespace tutti::services::postgres

#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tutti::services::sim {

/// A JSON value. Members of an object keep their order; of two with one name the later counts.
class json {
public:
  using array = std::vector<json>;
  using object = std::vector<std::pair<std::string, json>>;

  json(std::nullptr_t = nullptr) noexcept {}
  json(bool v) noexcept : value_(v) {}
  json(std::signed_integral auto v) noexcept : value_(static_cast<std::int64_t>(v)) {}
  json(std::unsigned_integral auto v) noexcept : value_(static_cast<std::uint64_t>(v)) {}
  json(double v) noexcept : value_(v) {}
  json(const char* v) : value_(std::string{v}) {}
  json(std::string v) noexcept : value_(std::move(v)) {}
  json(std::string_view v) : value_(std::string{v}) {}
  json(array v) noexcept : value_(std::move(v)) {}
  json(object v) noexcept : value_(std::move(v)) {}

  bool is_null() const noexcept { return std::holds_alternative<std::nullptr_t>(value_); }
  bool is_bool() const noexcept { return std::holds_alternative<bool>(value_); }
  bool is_integer() const noexcept;
  bool is_number() const noexcept { return is_integer() || std::holds_alternative<double>(value_); }
  bool is_string() const noexcept { return std::holds_alternative<std::string>(value_); }
  bool is_array() const noexcept { return std::holds_alternative<array>(value_); }
  bool is_object() const noexcept { return std::holds_alternative<object>(value_); }

  /// What another kind of value holds is empty, false or `otherwise`.
  const std::string& text() const noexcept;
  bool truth(bool otherwise = false) const noexcept;
  /// Saturates: an unsigned value past the range is its end.
  std::int64_t integer(std::int64_t otherwise = 0) const noexcept;
  double number(double otherwise = 0) const noexcept;
  const array& items() const noexcept;
  const object& members() const noexcept;

  /// The member, null where there is none.
  const json& operator[](std::string_view name) const noexcept;
  const json* find(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept { return find(name) != nullptr; }
  /// Makes an object of anything else first.
  json& set(std::string_view name, json value);
  void erase(std::string_view name);
  /// The member to change; made an empty object where there is none.
  json& at(std::string_view name);
  /// Makes an array of anything else first.
  void push(json value);

  /// Calls `f` with what it holds.
  template <class F>
  void visit(F&& f) const {
    std::visit(std::forward<F>(f), value_);
  }

  std::string dump() const;
  /// Nothing: not one whole JSON text of valid UTF-8, or nested deeper than 64.
  static std::optional<json> parse(std::string_view text);

  friend bool operator==(const json&, const json&) = default;

private:
  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, array, object> value_;
};

} // namespace tutti::services::sim

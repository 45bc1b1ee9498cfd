#pragma once
#include "services/sim/base/json.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tutti::services::sim::discord {

/// Where in a body: names and indices.
class form_path {
public:
  form_path() = default;
  form_path operator/(std::string_view name) const {
    return form_path{text_.empty() ? std::string{name} : text_ + "." + std::string{name}};
  }
  form_path operator/(std::size_t index) const { return *this / std::to_string(index); }
  const std::string& text() const noexcept { return text_; }

private:
  explicit form_path(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// Collects what is wrong with a body, as Discord reports it (code 50035).
class form {
public:
  bool ok() const noexcept { return errors_.is_null(); }
  /// The body of the answer.
  json problem() const;

  void fail(const form_path& at, std::string_view code, std::string_view message);

  /// Each says whether the value is there and right; null counts as absent unless it is required.
  bool text(const json& body, const form_path& at, std::string_view name, std::size_t min, std::size_t max,
            bool required = false);
  bool integer(const json& body, const form_path& at, std::string_view name, std::int64_t min,
               std::int64_t max, bool required = false);
  bool truth(const json& body, const form_path& at, std::string_view name);
  bool list(const json& body, const form_path& at, std::string_view name, std::size_t min, std::size_t max,
            bool required = false);
  bool object(const json& body, const form_path& at, std::string_view name, bool required = false);
  bool snowflake(const json& body, const form_path& at, std::string_view name, bool required = false);
  bool choice(const json& body, const form_path& at, std::string_view name,
              std::initializer_list<std::int64_t> allowed, bool required = false);
  bool link(const json& body, const form_path& at, std::string_view name, bool required = false);

private:
  /// Whether there is a value to look at.
  bool present(const json& body, const form_path& at, std::string_view name, bool required);

  json errors_;
};

/// In code points.
std::size_t length_of(std::string_view utf8) noexcept;

} // namespace tutti::services::sim::discord

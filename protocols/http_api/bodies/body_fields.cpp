#include "protocols/http_api/bodies/body_fields.hpp"

#include "protocols/http_api/utf8.hpp"

#include <algorithm>
#include <utility>

namespace tutti::protocols::http_api {
namespace {

constexpr std::size_t max_errors = 100;

bool lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool type_character(char c) {
  return lower_or_digit(c) || c == '.' || c == '_' || c == '-';
}

bool queue_character(char c) {
  return type_character(c) || (c >= 'A' && c <= 'Z');
}

std::string range_text(std::size_t low, std::size_t high) {
  return std::to_string(low) + " to " + std::to_string(high);
}

} // namespace

void body_fields::begin(json_kind kind) {
  seen_ = 0;
  errors_.clear();
  if (kind != json_kind::object)
    errors_.push_back({"", std::string{"must be an object, not "} + std::string{name_of(kind)}});
}

void body_fields::member(const scanned_member& what) {
  auto found = std::find(names_.begin(), names_.end(), what.name);
  if (found == names_.end())
    return mistake(what.name, "is not a known field");
  const auto index = static_cast<std::size_t>(found - names_.begin());
  if (seen(index))
    return mistake(what.name, "comes twice");
  seen_ |= std::uint32_t{1} << index;
  field(index, what);
}

void body_fields::mistake(std::string_view name, std::string detail) {
  if (errors_.size() < max_errors)
    errors_.push_back({pointer_token(name), std::move(detail)});
}

bool body_fields::expect(const scanned_member& what, json_kind kind) {
  if (what.kind == kind)
    return true;
  std::string detail{"must be "};
  detail.append(name_of(kind)).append(", not ").append(name_of(what.kind));
  mistake(what.name, std::move(detail));
  return false;
}

std::optional<std::string_view> body_fields::string(const scanned_member& what) {
  if (!expect(what, json_kind::string))
    return std::nullopt;
  return what.text;
}

std::optional<std::int64_t> body_fields::integer(const scanned_member& what, std::int64_t low,
                                                 std::int64_t high) {
  if (what.kind == json_kind::integer && what.integer >= low && what.integer <= high)
    return what.integer;
  if (what.kind == json_kind::integer || what.kind == json_kind::number)
    mistake(what.name, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  else
    expect(what, json_kind::integer);
  return std::nullopt;
}

std::optional<bool> body_fields::boolean(const scanned_member& what) {
  if (!expect(what, json_kind::boolean))
    return std::nullopt;
  return what.flag;
}

std::optional<std::string_view> body_fields::word(const scanned_member& what, std::size_t low,
                                                  std::size_t high, bool (*allowed)(char),
                                                  std::string_view shape) {
  auto text = string(what);
  if (!text
      || (text->size() >= low && text->size() <= high && std::all_of(text->begin(), text->end(), allowed)))
    return text;
  mistake(what.name, "must be " + range_text(low, high) + " " + std::string{shape});
  return std::nullopt;
}

std::optional<std::string_view> body_fields::line(const scanned_member& what, std::size_t low,
                                                  std::size_t high) {
  auto text = string(what);
  if (!text)
    return text;
  const auto size = count_utf8(*text);
  auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (size >= low && size <= high && std::none_of(text->begin(), text->end(), control))
    return text;
  mistake(what.name, "must be " + range_text(low, high) + " characters without control characters");
  return std::nullopt;
}

std::optional<std::size_t> body_fields::choice(const scanned_member& what,
                                               std::span<const std::string_view> choices) {
  auto text = string(what);
  if (!text)
    return std::nullopt;
  auto found = std::find(choices.begin(), choices.end(), *text);
  if (found != choices.end())
    return static_cast<std::size_t>(found - choices.begin());
  std::string detail{"must be one of"};
  for (auto& one : choices)
    detail.append(&one == choices.data() ? " " : ", ").append(one);
  mistake(what.name, std::move(detail));
  return std::nullopt;
}

std::optional<std::string_view> body_fields::job_type(const scanned_member& what) {
  return word(what, 1, 128, type_character, "characters of a-z 0-9 . _ -");
}

std::optional<std::string_view> body_fields::queue_name(const scanned_member& what) {
  return word(what, 1, 64, queue_character, "characters of A-Z a-z 0-9 . _ -");
}

std::optional<problem> body_fields::take_problem(std::string_view prefix) {
  if (errors_.empty())
    return std::nullopt;
  for (auto& error : errors_)
    error.pointer.insert(0, prefix);
  std::string detail = errors_.front().pointer.empty() ? "the body" : errors_.front().pointer;
  detail.append(" ").append(errors_.front().detail);
  if (errors_.size() > 1)
    detail += " (and " + std::to_string(errors_.size() - 1) + " more)";
  return unprocessable(std::move(detail), std::exchange(errors_, {}));
}

} // namespace tutti::protocols::http_api

#include "services/sim/discord/rest/form.hpp"

#include "services/sim/discord/model/ids.hpp"

#include <algorithm>

namespace tutti::services::sim::discord {

std::size_t length_of(std::string_view utf8) noexcept {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

json form::problem() const {
  return json::object{{"message", "Invalid Form Body"}, {"code", 50035}, {"errors", errors_}};
}

void form::fail(const form_path& at, std::string_view code, std::string_view message) {
  auto* node = &errors_;
  if (node->is_null())
    *node = json::object{};
  std::string_view rest = at.text();
  while (!rest.empty()) {
    auto part = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    node = &node->at(part);
  }
  auto& list = node->has("_errors") ? node->at("_errors") : node->set("_errors", json::array{});
  list.push(json::object{{"code", code}, {"message", message}});
}

bool form::present(const json& body, const form_path& at, std::string_view name, bool required) {
  if (!body[name].is_null())
    return true;
  if (required)
    fail(at / name, "BASE_TYPE_REQUIRED", "This field is required");
  return false;
}

bool form::text(const json& body, const form_path& at, std::string_view name, std::size_t min,
                std::size_t max, bool required) {
  if (!present(body, at, name, required))
    return false;
  auto& value = body[name];
  if (!value.is_string()) {
    fail(at / name, "STRING_TYPE_CONVERT", "Could not interpret the value as string.");
    return false;
  }
  auto size = length_of(value.text());
  if (size >= min && size <= max)
    return true;
  if (min == 0)
    fail(at / name, "BASE_TYPE_MAX_LENGTH", "Must be " + std::to_string(max) + " or fewer in length.");
  else
    fail(at / name, "BASE_TYPE_BAD_LENGTH",
         "Must be between " + std::to_string(min) + " and " + std::to_string(max) + " in length.");
  return false;
}

bool form::integer(const json& body, const form_path& at, std::string_view name, std::int64_t min,
                   std::int64_t max, bool required) {
  if (!present(body, at, name, required))
    return false;
  auto& value = body[name];
  if (!value.is_integer()) {
    fail(at / name, "NUMBER_TYPE_COERCE", "Value is not int.");
    return false;
  }
  if (value.integer() >= min && value.integer() <= max)
    return true;
  fail(at / name, value.integer() < min ? "NUMBER_TYPE_MIN" : "NUMBER_TYPE_MAX",
       "int value should be between " + std::to_string(min) + " and " + std::to_string(max) + ".");
  return false;
}

bool form::truth(const json& body, const form_path& at, std::string_view name) {
  if (!present(body, at, name, false))
    return false;
  if (body[name].is_bool())
    return true;
  fail(at / name, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
  return false;
}

bool form::list(const json& body, const form_path& at, std::string_view name, std::size_t min,
                std::size_t max, bool required) {
  if (!present(body, at, name, required))
    return false;
  auto& value = body[name];
  if (!value.is_array()) {
    fail(at / name, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
    return false;
  }
  if (value.items().size() >= min && value.items().size() <= max)
    return true;
  fail(at / name, "BASE_TYPE_BAD_LENGTH",
       "Must be between " + std::to_string(min) + " and " + std::to_string(max) + " in length.");
  return false;
}

bool form::object(const json& body, const form_path& at, std::string_view name, bool required) {
  if (!present(body, at, name, required))
    return false;
  if (body[name].is_object())
    return true;
  fail(at / name, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
  return false;
}

bool form::snowflake(const json& body, const form_path& at, std::string_view name, bool required) {
  if (!present(body, at, name, required))
    return false;
  if (parse_id(body[name].text()))
    return true;
  fail(at / name, "NUMBER_TYPE_COERCE", "Value is not snowflake.");
  return false;
}

bool form::choice(const json& body, const form_path& at, std::string_view name,
                  std::initializer_list<std::int64_t> allowed, bool required) {
  if (!present(body, at, name, required))
    return false;
  auto& value = body[name];
  if (value.is_integer() && std::find(allowed.begin(), allowed.end(), value.integer()) != allowed.end())
    return true;
  std::string known;
  for (auto one : allowed)
    known += (known.empty() ? "" : ", ") + std::to_string(one);
  fail(at / name, "BASE_TYPE_CHOICES", "Value must be one of {" + known + "}.");
  return false;
}

bool form::link(const json& body, const form_path& at, std::string_view name, bool required) {
  if (!text(body, at, name, 1, 2048, required))
    return false;
  auto& value = body[name].text();
  if (value.starts_with("http://") || value.starts_with("https://") || value.starts_with("attachment://"))
    return true;
  fail(at / name, "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https').");
  return false;
}

} // namespace tutti::services::sim::discord

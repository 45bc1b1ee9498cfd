#include "protocols/discord/interactions/bounded_body.hpp"

#include "protocols/discord/text.hpp"

namespace tutti::protocols::discord {

void bounded_body::text(std::string_view name, std::string_view value, std::size_t least, std::size_t most) {
  check_text(name, value, least, most);
  json_.member(name, value);
}

void bounded_body::text_if_any(std::string_view name, std::string_view value, std::size_t most) {
  if (!value.empty())
    text(name, value, 0, most);
}

void bounded_body::url_if_any(std::string_view name, std::string_view value, std::size_t most) {
  if (value.empty())
    return;
  require(is_web_url(value), name, "must be an http or https URL");
  text(name, value, 0, most);
}

bool bounded_body::count(std::string_view name, std::size_t is, std::size_t least, std::size_t most) {
  if (is >= least && is <= most)
    return true;
  fail(name, "must have " + std::to_string(least) + " to " + std::to_string(most) + " elements");
  return false;
}

void bounded_body::check_text(std::string_view name, std::string_view value, std::size_t least,
                              std::size_t most) {
  if (auto length = characters(value); length > most || length < least)
    fail(name, "must have " + std::to_string(least) + " to " + std::to_string(most) + " characters");
  else if (least > 0 && blank(value))
    fail(name, "must not be blank");
}

void bounded_body::fail(std::string_view name, std::string_view detail) {
  if (wrong_)
    return;
  std::string field;
  for (auto& part : path_)
    field += (field.empty() ? "" : ".") + part;
  if (!name.empty())
    (field += field.empty() ? "" : ".") += name;
  wrong_ = json::field_error{std::move(field), std::string{detail}};
}

json::outcome<std::string> bounded_body::finish() {
  if (wrong_)
    return std::move(*wrong_);
  return std::move(out_);
}

} // namespace tutti::protocols::discord

#include "protocols/http_api/target.hpp"

#include "protocols/http_api/utf8.hpp"

#include <algorithm>
#include <charconv>

namespace tutti::protocols::http_api {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

bool allowed_in_target(char c) noexcept {
  return c > 0x20 && c < 0x7F && c != '#';
}

problem bad_parameter(std::string_view name, std::string_view why) {
  std::string detail{"query parameter \""};
  detail.append(name).append("\": ").append(why);
  return unprocessable(std::move(detail));
}

std::optional<problem> read_query(std::string_view text, target& into) {
  while (!text.empty()) {
    auto part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (part.empty())
      continue;
    auto split = std::min(part.find('='), part.size());
    auto name = percent_decode(part.substr(0, split), true);
    auto value = percent_decode(part.substr(std::min(part.size(), split + 1)), true);
    if (!name || !value)
      return malformed("the query is not valid percent-encoded UTF-8");
    if (into.find(*name))
      return malformed("query parameter \"" + *name + "\" comes twice");
    into.query.emplace_back(std::move(*name), std::move(*value));
    if (into.query.size() > 64)
      return malformed("more than 64 query parameters");
  }
  return std::nullopt;
}

} // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3)
        return std::nullopt;
      int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0)
        return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0')
      return std::nullopt;
    out += c;
  }
  if (!valid_utf8(out))
    return std::nullopt;
  return out;
}

result<target> parse_target(std::string_view text) {
  if (text.empty() || text.front() != '/')
    return malformed("the request target must begin with \"/\"");
  if (!std::all_of(text.begin(), text.end(), allowed_in_target))
    return malformed("the request target holds a byte that must be percent-encoded");
  target out;
  out.path = text.substr(0, text.find('?'));
  for (auto rest = out.path == "/" ? std::string_view{} : out.path; !rest.empty();) {
    rest.remove_prefix(1);
    auto part = rest.substr(0, rest.find('/'));
    auto segment = percent_decode(part);
    if (!segment)
      return malformed("the path is not valid percent-encoded UTF-8");
    out.segments.push_back(std::move(*segment));
    rest.remove_prefix(part.size());
  }
  if (out.path.size() < text.size())
    if (auto mistake = read_query(text.substr(out.path.size() + 1), out))
      return std::move(*mistake);
  return out;
}

std::optional<std::string_view> target::find(std::string_view name) const noexcept {
  for (auto& [key, value] : query)
    if (key == name)
      return value;
  return std::nullopt;
}

std::optional<problem> target::unknown_parameter(std::initializer_list<std::string_view> known) const {
  for (auto& [name, value] : query)
    if (std::find(known.begin(), known.end(), name) == known.end())
      return bad_parameter(name, "is not known here");
  return std::nullopt;
}

result<std::int64_t> target::integer(std::string_view name, std::int64_t low, std::int64_t high,
                                     std::int64_t fallback) const {
  auto text = find(name);
  if (!text)
    return fallback;
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < low || value > high)
    return bad_parameter(name, "must be a whole number from " + std::to_string(low) + " to "
                                   + std::to_string(high));
  return value;
}

result<std::size_t> target::limit() const {
  auto value = integer("limit", 1, 500, 50);
  if (auto* mistake = std::get_if<problem>(&value))
    return std::move(*mistake);
  return static_cast<std::size_t>(std::get<std::int64_t>(value));
}

result<bool> target::flag(std::string_view name, bool fallback) const {
  auto text = find(name);
  if (!text)
    return fallback;
  if (*text != "true" && *text != "false")
    return bad_parameter(name, "must be true or false");
  return *text == "true";
}

} // namespace tutti::protocols::http_api

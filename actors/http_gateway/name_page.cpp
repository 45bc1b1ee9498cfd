#include "actors/http_gateway/name_page.hpp"

#include "actors/http_gateway/admission/answers.hpp"

#include <variant>

namespace tutti::actors::http_gateway {

namespace http_api = protocols::http_api;

bool is_name(std::string_view text, std::size_t max_length) noexcept {
  return !text.empty() && text.size() <= max_length
         && std::all_of(text.begin(), text.end(), [](unsigned char c) {
              return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.'
                     || c == '_' || c == '-';
            });
}

std::optional<std::string> path_name(request& r, const http_api::target& where, std::string_view what) {
  auto name = where.segments.size() > 1 ? where.segments[1] : std::string{};
  if (is_name(name, 64))
    return name;
  r.reply(answer(
      http_api::unprocessable(std::string{what} + " names have 1 to 64 characters of A-Z a-z 0-9 . _ -"),
      r.target));
  return std::nullopt;
}

http_api::result<name_page> read_name_page(const http_api::target& where) {
  if (auto unknown = where.unknown_parameter({"limit", "cursor"}))
    return std::move(*unknown);
  auto limit = where.limit();
  if (auto* bad = std::get_if<http_api::problem>(&limit))
    return std::move(*bad);
  name_page out{std::get<std::size_t>(limit), {}};
  if (auto cursor = where.find("cursor")) {
    if (!is_name(*cursor, 128))
      return http_api::unprocessable("cursor must be a nextCursor of this list");
    out.after = *cursor;
  }
  return out;
}

} // namespace tutti::actors::http_gateway

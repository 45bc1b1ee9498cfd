#pragma once
#include "actors/http_gateway/exchange/exchange.hpp"
#include "protocols/http_api/json_writer.hpp"
#include "protocols/http_api/target.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tutti::actors::http_gateway {

/// What characters names of queues, schedules, nodes and job types have.
bool is_name(std::string_view text, std::size_t max_length) noexcept;

/// The name in "/things/{name}…", of 1 to 64 characters; nothing: `r` has been answered 422. `what`: "queue".
std::optional<std::string> path_name(request& r, const protocols::http_api::target& where,
                                     std::string_view what);

/// The part of a list that a client asks for, where the items are in the order of their unique names.
struct name_page {
  std::size_t limit = 50;
  std::string after; ///< a name; empty: from the start
};

/// From `limit` and `cursor`; any other parameter is a 422.
protocols::http_api::result<name_page> read_name_page(const protocols::http_api::target& where);

/// {items, nextCursor}; `name_of(item)` is what `items` are sorted by.
template <class Items, class NameOf, class Write>
std::string render_name_page(const name_page& page, const Items& items, NameOf name_of, Write write) {
  std::string body;
  protocols::http_api::json_writer out{body};
  auto i = std::upper_bound(items.begin(), items.end(), page.after,
                            [&](const std::string& name, auto& item) { return name < name_of(item); });
  if (page.after.empty())
    i = items.begin();
  auto left = static_cast<std::size_t>(items.end() - i);
  auto end = i + static_cast<std::ptrdiff_t>(std::min(left, page.limit));
  out.begin_object().key("items").begin_array();
  for (auto at = i; at != end; ++at)
    write(out, *at);
  out.end_array().key("nextCursor");
  if (end != items.end())
    out.string(name_of(*(end - 1)));
  else
    out.null();
  out.end_object();
  return body;
}

} // namespace tutti::actors::http_gateway

#include "runtime/outbound/http.hpp"

#include "runtime/actor/scheduling.hpp"
#include "runtime/error.hpp"

#include <algorithm>

#include <caf/actor_system.hpp>
#include <caf/make_message.hpp>
#include <caf/message_id.hpp>

namespace tutti::runtime::outbound {
namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool in_token(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
         || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

bool is_control(char c) noexcept {
  return (c >= 0 && c < ' ' && c != '\t') || c == 0x7F;
}

ec code_of(http_failure f) noexcept {
  switch (f) {
  case http_failure::rejected:
    return ec::rejected;
  case http_failure::deadline:
  case http_failure::broken:
    return ec::timeout;
  case http_failure::too_large:
    return ec::malformed;
  default:
    return ec::unavailable;
  }
}

} // namespace

std::optional<std::string_view> http_headers::find(std::string_view name) const noexcept {
  auto same = [](char a, char b) { return lower(a) == lower(b); };
  for (auto& [its, value] : lines_)
    if (std::equal(its.begin(), its.end(), name.begin(), name.end(), same))
      return value;
  return std::nullopt;
}

bool http_headers::well_formed() const noexcept {
  return std::all_of(lines_.begin(), lines_.end(), [](auto& line) {
    auto& [name, value] = line;
    return !name.empty() && std::all_of(name.begin(), name.end(), in_token)
           && std::none_of(value.begin(), value.end(), is_control);
  });
}

std::string_view to_string(http_method m) noexcept {
  constexpr std::string_view names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  return names[static_cast<std::size_t>(m)];
}

std::string_view to_string(http_failure f) noexcept {
  constexpr std::string_view names[] = {"none",     "rejected", "not_sent", "circuit_open",
                                        "deadline", "broken",   "too_large"};
  return names[static_cast<std::size_t>(f)];
}

caf::error to_error(const http_result& result) {
  return result.failure == http_failure::none ? caf::error{}
                                              : make_error(code_of(result.failure), result.reason);
}

void send_for(caf::actor asker, http_client& to, http_request request, std::uint64_t call) {
  // What an answer sets off is mostly short: no other thread is woken for it.
  to.send(std::move(request), [asker = std::move(asker), call](http_result&& result) {
    actor::lend_thread(asker->home_system(), [&](caf::execution_unit* host) {
      asker->enqueue(nullptr, caf::make_message_id(),
                     caf::make_message(http_answered{call, std::move(result)}), host);
    });
  });
}

} // namespace tutti::runtime::outbound

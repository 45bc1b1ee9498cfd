#include "runtime/error.hpp"

#include <utility>

#include <caf/exit_reason.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>

namespace tutti::runtime {
namespace {

constexpr auto error_category = caf::atom("tutti");

} // namespace

std::string_view to_string(ec code) noexcept {
  switch (code) {
  case ec::unavailable:
    return "unavailable";
  case ec::rejected:
    return "rejected";
  case ec::malformed:
    return "malformed";
  case ec::not_found:
    return "not found";
  case ec::conflict:
    return "conflict";
  case ec::timeout:
    return "timeout";
  case ec::cancelled:
    return "cancelled";
  case ec::failed:
    return "failed";
  }
  return "unknown";
}

caf::error make_error(ec code, std::string text) {
  return {static_cast<std::uint8_t>(code), error_category, caf::make_message(std::move(text))};
}

bool is(const caf::error& reason, ec code) noexcept {
  return reason && reason.category() == error_category && reason.code() == static_cast<std::uint8_t>(code);
}

std::string describe(const caf::error& reason) {
  if (!reason)
    return "normal";
  std::string out;
  if (reason.category() == error_category)
    out = to_string(static_cast<ec>(reason.code()));
  else if (reason.category() == caf::atom("exit"))
    out = caf::to_string(static_cast<caf::exit_reason>(reason.code()));
  else if (reason.category() == caf::atom("system"))
    out = caf::to_string(static_cast<caf::sec>(reason.code()));
  else
    out = "error " + std::to_string(reason.code());
  auto& context = reason.context();
  if (context.match_elements<std::string>())
    out += ": " + context.get_as<std::string>(0);
  return out;
}

std::string words(const caf::error& reason) {
  if (reason && reason.category() == error_category && reason.context().match_elements<std::string>())
    return reason.context().get_as<std::string>(0);
  return describe(reason);
}

} // namespace tutti::runtime

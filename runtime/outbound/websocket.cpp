#include "runtime/outbound/websocket.hpp"

namespace tutti::runtime::outbound {

std::string_view to_string(websocket_end end) noexcept {
  constexpr std::string_view names[] = {"closed", "lost", "unreachable", "refused", "rejected", "misbehaved"};
  return names[static_cast<std::size_t>(end)];
}

} // namespace tutti::runtime::outbound

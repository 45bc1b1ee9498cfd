#include "runtime/cluster/membership/member.hpp"

namespace tutti::runtime::cluster {

std::string_view to_string(member_state state) noexcept {
  switch (state) {
  case member_state::joining:
    return "joining";
  case member_state::up:
    return "up";
  case member_state::leaving:
    return "leaving";
  case member_state::down:
    return "down";
  }
  return "unknown";
}

} // namespace tutti::runtime::cluster

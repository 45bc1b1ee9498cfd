#pragma once
#include <cstdint>
#include <string>
#include <utility>

namespace tutti::runtime::cluster {

using node_address = std::pair<std::string, std::uint16_t>; ///< host and port

} // namespace tutti::runtime::cluster

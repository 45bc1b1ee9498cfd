#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tutti::protocols::discord {

/// 16 hexadecimal digits, the same on every machine (FNV-1a, 64 bits). To tell things apart; anybody can make
/// two texts with the same one.
std::string fingerprint(std::string_view text);

} // namespace tutti::protocols::discord

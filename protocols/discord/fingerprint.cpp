#include "protocols/discord/fingerprint.hpp"

namespace tutti::protocols::discord {

std::string fingerprint(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  std::string out(16, '0');
  for (std::size_t i = out.size(); i-- > 0; hash >>= 4)
    out[i] = "0123456789abcdef"[hash & 15];
  return out;
}

} // namespace tutti::protocols::discord

#include "protocols/http_api/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace tutti::protocols::http_api {

utf8_step next_utf8(std::string_view text) noexcept {
  auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80)
    return {1, true};
  std::size_t size = 0;
  unsigned low = 0x80, high = 0xBF; // of the second byte (Unicode, table 3-7)
  if (lead >= 0xC2 && lead <= 0xDF) {
    size = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    size = 3;
    low = lead == 0xE0 ? 0xA0 : low;
    high = lead == 0xED ? 0x9F : high;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    size = 4;
    low = lead == 0xF0 ? 0x90 : low;
    high = lead == 0xF4 ? 0x8F : high;
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i < size; ++i, low = 0x80, high = 0xBF)
    if (i == text.size() || at(i) < low || at(i) > high)
      return {i, false};
  return {size, true};
}

bool valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    std::uint64_t word = 0;
    if (text.size() >= sizeof word) {
      std::memcpy(&word, text.data(), sizeof word);
      if (!(word & 0x8080808080808080)) { // most text is ASCII
        text.remove_prefix(sizeof word);
        continue;
      }
    }
    auto step = next_utf8(text);
    if (!step.valid)
      return false;
    text.remove_prefix(step.length);
  }
  return true;
}

std::size_t count_utf8(std::string_view text) noexcept {
  std::size_t count = 0;
  for (char c : text)
    count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

} // namespace tutti::protocols::http_api

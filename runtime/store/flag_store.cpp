#include "runtime/store/flag_store.hpp"

#include "runtime/error.hpp"

#include <algorithm>

namespace tutti::runtime::store {
namespace {

constexpr std::uint8_t everybody = 100; // per cent

/// FNV-1a with the last mixing step of SplitMix64: what a key gets never changes with a library.
std::uint64_t stable_hash(std::string_view name, std::string_view key) noexcept {
  std::uint64_t h = 0xcbf29ce484222325U;
  auto take = [&h](std::string_view text) {
    for (unsigned char c : text)
      h = (h ^ c) * 0x100000001b3U;
  };
  take(name);
  take(":"); // in no name
  take(key);
  h = (h ^ (h >> 30U)) * 0xbf58476d1ce4e5b9U;
  h = (h ^ (h >> 27U)) * 0x94d049bb133111ebU;
  return h ^ (h >> 31U);
}

caf::error check_flag_name(std::string_view name) {
  auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_'
           || c == '-';
  };
  if (name.empty() || name.size() > max_flag_name || !std::all_of(name.begin(), name.end(), allowed))
    return make_error(ec::rejected, "flag names have 1 to 64 characters of A-Z a-z 0-9 . _ -");
  return {};
}

/// What every store can hold: UTF-8 (RFC 3629) without NUL.
bool good_text(std::string_view text, std::size_t longest) {
  if (text.size() > longest)
    return false;
  for (std::size_t i = 0; i < text.size();) {
    auto first = static_cast<unsigned char>(text[i]);
    std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first == 0 || (first >= 0x80 && first < 0xc2) || first > 0xf4 || text.size() - i < length)
      return false;
    std::uint32_t point = length == 1 ? first : first & (0x7fU >> length);
    for (std::size_t n = 1; n < length; ++n) {
      auto next = static_cast<unsigned char>(text[i + n]);
      if ((next & 0xc0U) != 0x80U)
        return false;
      point = point << 6U | (next & 0x3fU);
    }
    constexpr std::uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < lowest[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
      return false;
    i += length;
  }
  return true;
}

} // namespace

bool is_on(const feature_flag& flag, std::string_view key) noexcept {
  if (!flag.enabled || !flag.percentage || *flag.percentage >= everybody)
    return flag.enabled;
  return stable_hash(flag.name, key) % everybody < *flag.percentage;
}

caf::error check(const read_flag& query) {
  return check_flag_name(query.name);
}

caf::error check(const write_flag& order) {
  if (auto bad = check_flag_name(order.name))
    return bad;
  if (order.percentage && *order.percentage > everybody)
    return make_error(ec::rejected, "a percentage is 0 to 100");
  if (!good_text(order.description, max_flag_description))
    return make_error(ec::rejected, "a flag's description has at most 4096 bytes of UTF-8 without NUL");
  if (order.updated_by.empty() || !good_text(order.updated_by, max_flag_author))
    return make_error(ec::rejected, "who changes a flag is named by 1 to 128 bytes of UTF-8 without NUL");
  return order.expected && *order.expected >= INT64_MAX
             ? make_error(ec::rejected, "no flag has such a version")
             : caf::error{};
}

} // namespace tutti::runtime::store

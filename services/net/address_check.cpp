#include "services/net/address_check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <iterator>

namespace tutti::services::net {
namespace {

using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

struct range_v4 {
  std::uint32_t start;
  unsigned bits;
};

constexpr std::uint32_t v4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr range_v4 special[] = {
    {v4(0, 0, 0, 0), 8},        // this network
    {v4(10, 0, 0, 0), 8},       // private
    {v4(100, 64, 0, 0), 10},    // carriers; a cloud's metadata
    {v4(127, 0, 0, 0), 8},      // this host
    {v4(168, 63, 129, 16), 32}, // a cloud's metadata
    {v4(169, 254, 0, 0), 16},   // link-local; clouds' metadata
    {v4(172, 16, 0, 0), 12},    // private
    {v4(192, 0, 0, 0), 24},     // protocols
    {v4(192, 0, 2, 0), 24},     // documentation
    {v4(192, 88, 99, 0), 24},   // 6to4 relays
    {v4(192, 168, 0, 0), 16},   // private
    {v4(198, 18, 0, 0), 15},    // benchmarks
    {v4(198, 51, 100, 0), 24},  // documentation
    {v4(203, 0, 113, 0), 24},   // documentation
    {v4(224, 0, 0, 0), 3},      // multicast, reserved, broadcast
};

bool is_public_v4(std::uint32_t where) noexcept {
  return std::none_of(std::begin(special), std::end(special),
                      [where](const range_v4& r) { return (where ^ r.start) >> (32 - r.bits) == 0; });
}

bool starts_with(const address_v6::bytes_type& where, std::initializer_list<unsigned> prefix) noexcept {
  return std::equal(prefix.begin(), prefix.end(), where.begin());
}

std::uint32_t embedded_v4(const address_v6::bytes_type& in, std::size_t at) noexcept {
  return v4(in[at], in[at + 1], in[at + 2], in[at + 3]);
}

bool is_public_v6(const address_v6::bytes_type& in) noexcept {
  if (starts_with(in, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF})        // mapped
      || starts_with(in, {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) // NAT64
    return is_public_v4(embedded_v4(in, 12));
  if (starts_with(in, {0x20, 0x02})) // 6to4
    return is_public_v4(embedded_v4(in, 2));
  bool global = (in[0] & 0xE0) == 0x20;                                    // 2000::/3
  bool protocols = starts_with(in, {0x20, 0x01}) && in[2] < 2;             // 2001::/23: Teredo and others
  bool documentation = starts_with(in, {0x20, 0x01, 0x0D, 0xB8})           // 2001:db8::/32
                       || (starts_with(in, {0x3F, 0xFF}) && in[2] < 0x10); // 3fff::/20
  return global && !protocols && !documentation;
}

} // namespace

bool is_public(const boost::asio::ip::address& where) noexcept {
  return where.is_v4() ? is_public_v4(where.to_v4().to_uint()) : is_public_v6(where.to_v6().to_bytes());
}

} // namespace tutti::services::net

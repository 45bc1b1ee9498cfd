#include "services/redis_jobs/packed.hpp"

#include <bit>

namespace tutti::services::redis_jobs {
namespace {

constexpr int max_depth = 8;

std::int64_t sign_extended(std::uint64_t x, std::size_t size) {
  auto shift = 64 - 8 * size;
  return static_cast<std::int64_t>(x << shift) >> shift;
}

bool unpack_value(unpacker& in, packed& out, int depth) {
  auto array = [&](std::size_t size) {
    if (depth >= max_depth || size > in.rest().size()) // each element takes a byte at least
      return false;
    out.elements.resize(size);
    for (auto& e : out.elements)
      if (!unpack_value(in, e, depth + 1))
        return false;
    return true;
  };
  auto text = [&](std::size_t size) {
    out.text = in.raw(size);
    return in.ok();
  };
  auto number = [&](std::int64_t x) {
    out.number = x;
    return in.ok();
  };
  auto kind = in.u8();
  if (kind <= 0x7f)
    return number(static_cast<std::int64_t>(kind));
  if (kind >= 0xe0)
    return number(sign_extended(kind, 1));
  if (kind >= 0xa0 && kind <= 0xbf)
    return text(kind & 0x1f);
  if (kind >= 0x90 && kind <= 0x9f)
    return array(kind & 0x0f);
  switch (kind) {
  case 0x80: // what Lua calls an empty table
    return array(0);
  case 0xc0:
  case 0xc2:
    return number(0);
  case 0xc3:
    return number(1);
  case 0xcb: // a number that is not whole to the last bit
    return number(static_cast<std::int64_t>(std::bit_cast<double>(in.u64())));
  case 0xcc:
    return number(static_cast<std::int64_t>(in.u8()));
  case 0xcd:
    return number(static_cast<std::int64_t>(in.u16()));
  case 0xce:
    return number(static_cast<std::int64_t>(in.u32()));
  case 0xcf:
  case 0xd3:
    return number(static_cast<std::int64_t>(in.u64()));
  case 0xd0:
    return number(sign_extended(in.u8(), 1));
  case 0xd1:
    return number(sign_extended(in.u16(), 2));
  case 0xd2:
    return number(sign_extended(in.u32(), 4));
  case 0xd9:
    return text(in.u8());
  case 0xda:
    return text(in.u16());
  case 0xdb:
    return text(in.u32());
  case 0xdc:
    return array(in.u16());
  case 0xdd:
    return array(in.u32());
  default:
    return false;
  }
}

} // namespace

const packed& packed::at(std::size_t place) const noexcept {
  static const packed nothing;
  return place < elements.size() ? elements[place] : nothing;
}

bool unpack(std::string_view bytes, packed& out) {
  unpacker in{bytes};
  return unpack_value(in, out, 0) && in.ok() && in.rest().empty();
}

std::string_view unpacker::raw(std::size_t size) {
  if (size > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  auto out = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return out;
}

std::uint64_t unpacker::big(std::size_t size) {
  std::uint64_t x = 0;
  for (char c : raw(size))
    x = x << 8 | static_cast<unsigned char>(c);
  return x;
}

} // namespace tutti::services::redis_jobs

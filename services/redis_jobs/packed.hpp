#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::services::redis_jobs {

/// A value of MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), as far as the scripts
/// write it: whole numbers, texts and arrays.
struct packed {
  std::int64_t number = 0; ///< of a boolean 0 or 1
  std::string_view text;   ///< into what was parsed
  std::vector<packed> elements;

  /// Of an array's element; an empty value when it is not there.
  const packed& at(std::size_t place) const noexcept;
};

/// Nothing else may follow. False: it is something else, or cut.
bool unpack(std::string_view bytes, packed& out);

/// Bytes of big-endian numbers and of texts with their sizes, one after the other.
class packer {
public:
  packer& u8(std::uint64_t x) { return big(x, 1); }
  packer& u16(std::uint64_t x) { return big(x, 2); }
  packer& u32(std::uint64_t x) { return big(x, 4); }
  packer& u64(std::uint64_t x) { return big(x, 8); }
  packer& raw(std::string_view bytes) {
    out_.append(bytes);
    return *this;
  }
  packer& text(std::string_view bytes) { return u32(bytes.size()).raw(bytes); }
  std::string take() { return std::move(out_); }

private:
  packer& big(std::uint64_t x, std::size_t size) {
    for (auto i = size; i-- > 0;)
      out_.push_back(static_cast<char>(x >> (8 * i)));
    return *this;
  }
  std::string out_;
};

/// Reads what a packer wrote. Past the end everything is 0 or empty, and ok() false.
class unpacker {
public:
  explicit unpacker(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t u8() { return big(1); }
  std::uint64_t u16() { return big(2); }
  std::uint64_t u32() { return big(4); }
  std::uint64_t u64() { return big(8); }
  std::string_view raw(std::size_t size);
  std::string_view text() { return raw(u32()); }
  std::string_view rest() const noexcept { return rest_; }
  bool ok() const noexcept { return ok_; }

private:
  std::uint64_t big(std::size_t size);
  std::string_view rest_;
  bool ok_ = true;
};

} // namespace tutti::services::redis_jobs

#include "runtime/jobs/schema/json_fingerprint.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tutti::runtime::jobs {
namespace {

// What a hash is of; never renumber, see the header.
enum hash_kind : std::uint64_t {
  h_null = 1,
  h_true,
  h_false,
  h_integer,
  h_decimal,
  h_text,
  h_member,
  h_object,
  h_array,
  h_mix
};

std::uint64_t little_endian(std::uint64_t x) noexcept {
  if constexpr (std::endian::native == std::endian::big)
    x = __builtin_bswap64(x);
  return x;
}

std::uint64_t load_word(const char* at) noexcept {
  std::uint64_t x = 0;
  std::memcpy(&x, at, sizeof x);
  return little_endian(x);
}

/// The first `count` bytes, 1 to 8, with zeros behind them.
std::uint64_t load_part(const char* at, std::size_t count) noexcept {
  auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i); };
  if (count < 4)
    return byte(0) | byte(count / 2) | byte(count - 1);
  std::uint32_t head = 0, tail = 0; // they overlap
  std::memcpy(&head, at, sizeof head);
  std::memcpy(&tail, at + count - sizeof tail, sizeof tail);
  if constexpr (std::endian::native == std::endian::big) {
    head = __builtin_bswap32(head);
    tail = __builtin_bswap32(tail);
  }
  return head | std::uint64_t{tail} << (8 * (count - sizeof tail));
}

std::uint64_t final_mix(std::uint64_t k) noexcept {
  k = (k ^ (k >> 33)) * 0xff51afd7ed558ccd;
  k = (k ^ (k >> 33)) * 0xc4ceb9fe1a85ec53;
  return k ^ (k >> 33);
}

/// MurmurHash3_x64_128 (Austin Appleby, public domain), with the kind as its seed.
fingerprint hash_bytes(hash_kind kind, std::string_view bytes) noexcept {
  constexpr std::uint64_t c1 = 0x87c37b91114253d5, c2 = 0x4cf5ad432745937f;
  auto scramble1 = [&](std::uint64_t k) { return std::rotl(k * c1, 31) * c2; };
  auto scramble2 = [&](std::uint64_t k) { return std::rotl(k * c2, 33) * c1; };
  std::uint64_t h1 = kind, h2 = kind;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 16; at += 16, left -= 16) {
    h1 ^= scramble1(load_word(at));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= scramble2(load_word(at + 8));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  if (left > 0) {
    if (left > 8)
      h2 ^= scramble2(load_part(at + 8, left - 8));
    h1 ^= scramble1(load_part(at, std::min<std::size_t>(left, 8)));
  }
  h1 ^= bytes.size();
  h2 ^= bytes.size();
  h1 += h2;
  h2 += h1;
  h1 = final_mix(h1);
  h2 = final_mix(h2);
  h1 += h2;
  h2 += h1;
  return {h1, h2};
}

template <std::size_t N>
fingerprint hash_words(hash_kind kind, std::array<std::uint64_t, N> words) noexcept {
  for (auto& word : words)
    word = little_endian(word);
  return hash_bytes(kind, {reinterpret_cast<const char*>(words.data()), sizeof words});
}

} // namespace

std::string to_string(fingerprint value) {
  std::string out(32, '0');
  for (std::size_t i = 0; i < 32; ++i) {
    auto half = i < 16 ? value.hi : value.lo;
    out[i] = "0123456789abcdef"[half >> (60 - 4 * (i % 16)) & 15];
  }
  return out;
}

fingerprint combine(fingerprint base, fingerprint next) noexcept {
  return hash_words<4>(h_mix, {base.hi, base.lo, next.hi, next.lo});
}

fingerprint combine(fingerprint base, std::string_view text) noexcept {
  return combine(base, hash_bytes(h_text, text));
}

fingerprint combine(fingerprint base, std::initializer_list<std::uint64_t> numbers) noexcept {
  for (auto i = numbers.begin(); i != numbers.end(); i += i + 1 == numbers.end() ? 1 : 2)
    base = hash_words<4>(h_integer, {base.hi, base.lo, i[0], i + 1 == numbers.end() ? 0 : i[1]});
  return base;
}

void fingerprint_builder::null() noexcept {
  value(hash_bytes(h_null, {}));
}

void fingerprint_builder::boolean(bool is_true) noexcept {
  value(hash_bytes(is_true ? h_true : h_false, {}));
}

void fingerprint_builder::integer(bool negative, std::uint64_t magnitude) noexcept {
  value(hash_words<2>(h_integer, {std::uint64_t{negative && magnitude != 0}, magnitude}));
}

void fingerprint_builder::text(std::string_view what) noexcept {
  value(hash_bytes(h_text, what));
}

// Canonical form: sign, digits without zeros at either end, power of ten of the last one; whole numbers below
// 2^64 are hashed as integers.
void fingerprint_builder::decimal(std::string_view number) {
  const bool negative = number.starts_with('-');
  number.remove_prefix(negative);
  std::string digits;
  std::int64_t power = 0;
  bool fraction = false;
  std::size_t i = 0;
  for (; i < number.size() && (number[i] | 0x20) != 'e'; ++i) {
    if (number[i] == '.') {
      fraction = true;
      continue;
    }
    power -= fraction;
    if (number[i] != '0' || !digits.empty())
      digits += number[i];
  }
  if (++i < number.size()) {
    const bool down = number[i] == '-';
    i += number[i] == '-' || number[i] == '+';
    std::int64_t exponent = 0;
    for (; i < number.size(); ++i)
      exponent = std::min<std::int64_t>(exponent * 10 + (number[i] - '0'), 1'000'000'000'000'000);
    power += down ? -exponent : exponent;
  }
  while (!digits.empty() && digits.back() == '0') {
    digits.pop_back();
    ++power;
  }
  if (digits.empty())
    return integer(false, 0);
  if (power >= 0 && power <= 20) {
    std::uint64_t magnitude = 0;
    bool fits = true;
    for (char c : digits)
      fits = fits && !__builtin_mul_overflow(magnitude, std::uint64_t{10}, &magnitude)
             && !__builtin_add_overflow(magnitude, static_cast<std::uint64_t>(c - '0'), &magnitude);
    for (std::int64_t n = power; n > 0 && fits; --n)
      fits = !__builtin_mul_overflow(magnitude, std::uint64_t{10}, &magnitude);
    if (fits)
      return integer(negative, magnitude);
  }
  digits += 'e';
  digits += std::to_string(power);
  digits += negative ? '-' : '+';
  value(hash_bytes(h_decimal, digits));
}

void fingerprint_builder::key(std::string_view name) noexcept {
  auto hash = hash_bytes(h_text, name);
  auto& top = levels_[depth_ - 1];
  top.key_hi = hash.hi;
  top.key_lo = hash.lo;
}

void fingerprint_builder::begin(bool object) noexcept {
  auto& top = levels_[depth_++];
  top.hi = top.lo = top.count = 0;
  top.object = object;
}

void fingerprint_builder::end() noexcept {
  auto& top = levels_[--depth_];
  value(hash_words<3>(top.object ? h_object : h_array, {top.hi, top.lo, top.count}));
}

void fingerprint_builder::value(fingerprint what) noexcept {
  result_ = what;
  if (depth_ == 0)
    return;
  auto& top = levels_[depth_ - 1];
  ++top.count;
  if (top.object) { // a sum, so that the members' order does not matter
    auto member = hash_words<4>(h_member, {top.key_hi, top.key_lo, what.hi, what.lo});
    top.hi += member.hi;
    top.lo += member.lo;
  } else {
    auto chained = hash_words<4>(h_mix, {top.hi, top.lo, what.hi, what.lo});
    top.hi = chained.hi;
    top.lo = chained.lo;
  }
}

} // namespace tutti::runtime::jobs

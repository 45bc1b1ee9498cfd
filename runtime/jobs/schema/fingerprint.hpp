#pragma once
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tutti::runtime::jobs {

/// 128 bits that stand for a value, the same in every process and on every machine: they are kept beside
/// idempotency keys, so the algorithm (MurmurHash3_x64_128) must not change. Not secret, and no protection
/// against forgers.
struct fingerprint {
  std::uint64_t hi = 0;
  std::uint64_t lo = 0;
  auto operator<=>(const fingerprint&) const = default;
};

/// Mixes a further field in; the order of the fields matters.
fingerprint combine(fingerprint base, fingerprint next) noexcept;
fingerprint combine(fingerprint base, std::string_view text) noexcept;
/// As many numbers as at any other time: a missing one counts as 0.
fingerprint combine(fingerprint base, std::initializer_list<std::uint64_t> numbers) noexcept;

/// 32 lower-case hexadecimal digits.
std::string to_string(fingerprint value);

} // namespace tutti::runtime::jobs

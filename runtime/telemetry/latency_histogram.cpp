#include "runtime/telemetry/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tutti::runtime::telemetry {

namespace {

// Powers of two from 2^4 µs on, each in 16 equal parts; below that one bucket a µs. Where a Prometheus bound
// falls inside such a part, the part is split there, else the counts at the bound would be guesses.
constexpr std::size_t parts = 16;
constexpr std::size_t raw_buckets = 24 * parts;
constexpr auto& bounds = latency_histogram::bounds_us;

constexpr std::size_t raw_index(std::uint64_t us) noexcept {
  if (us < parts)
    return us;
  auto exponent = static_cast<std::size_t>(std::bit_width(us)) - 1; // 4 and up
  return (exponent - 3) * parts + ((us >> (exponent - 4)) & (parts - 1));
}

/// Largest µs of a raw bucket.
constexpr std::uint32_t largest_of(std::size_t raw) noexcept {
  if (raw < parts)
    return static_cast<std::uint32_t>(raw);
  return static_cast<std::uint32_t>(((parts + raw % parts + 1) << (raw / parts - 1)) - 1);
}

struct slot {
  std::uint16_t first; ///< bucket of values up to and including `split`
  std::uint32_t split; ///< µs; larger values go to the next bucket
};

struct layout {
  std::array<slot, raw_buckets> slots{};
  std::array<std::uint32_t, raw_buckets + bounds.size()> upper{}; ///< largest µs in each bucket

  constexpr layout() noexcept {
    std::size_t next = 0;
    for (std::size_t raw = 0; raw < raw_buckets; ++raw) {
      auto last = largest_of(raw);
      slots[raw] = {static_cast<std::uint16_t>(next), last};
      for (auto bound : bounds)
        if (raw_index(bound) == raw && bound < last) {
          slots[raw].split = bound;
          upper[next++] = bound;
        }
      upper[next++] = last;
    }
  }
};

constexpr layout table;

} // namespace

std::size_t latency_histogram::index_of(std::uint64_t us) noexcept {
  auto [first, split] = table.slots[raw_index(us)];
  return first + (us > split ? 1U : 0U);
}

latency_histogram::snapshot latency_histogram::read() const {
  static_assert(bucket_count == table.upper.size() && largest_of(raw_buckets - 1) > max_us);
  snapshot result;
  result.buckets.reserve(bucket_count);
  for (auto& bucket : buckets_) {
    result.buckets.push_back(bucket.load(std::memory_order_relaxed));
    result.count += result.buckets.back();
  }
  result.sum = std::chrono::nanoseconds{sum_ns_.load(std::memory_order_relaxed)};
  return result;
}

std::chrono::nanoseconds latency_histogram::snapshot::quantile(double q) const noexcept {
  if (count == 0)
    return {};
  // The rank of the observation asked for, from 1; NaN asks for the smallest.
  auto share = q > 0 ? std::min(q, 1.0) : 0.0;
  auto rank =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count))));
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (below + buckets[i] < rank) {
      below += buckets[i];
      continue;
    }
    auto upper = std::min<double>(table.upper[i], static_cast<double>(max_us));
    auto lower = i == 0 ? 0.0 : static_cast<double>(table.upper[i - 1]);
    auto within = static_cast<double>(rank - below) / static_cast<double>(buckets[i]);
    return std::chrono::nanoseconds{std::llround((lower + (upper - lower) * within) * 1000)};
  }
  return {};
}

std::array<std::uint64_t, latency_histogram::bounds_us.size()>
latency_histogram::snapshot::cumulative() const noexcept {
  std::array<std::uint64_t, bounds_us.size()> result{};
  std::uint64_t total = 0;
  std::size_t bound = 0;
  for (std::size_t i = 0; i < buckets.size() && bound < bounds_us.size(); ++i) {
    total += buckets[i];
    if (table.upper[i] == bounds_us[bound])
      result[bound++] = total;
  }
  return result;
}

} // namespace tutti::runtime::telemetry

#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// W3C Trace Context: the `traceparent` header (https://www.w3.org/TR/trace-context/, level 2).
namespace tutti::runtime::telemetry {

/// Which trace a piece of work belongs to and which span started it. 25 bytes, no heap, free to copy.
struct trace_context {
  static constexpr std::uint8_t sampled = 0x01;   ///< somebody upstream records this trace
  static constexpr std::uint8_t random_id = 0x02; ///< the last 7 bytes of the trace id are random (level 2)

  std::array<std::uint8_t, 16> trace_id{}; ///< all zero: no trace
  std::array<std::uint8_t, 8> span_id{};
  std::uint8_t flags = 0;

  explicit operator bool() const noexcept { return trace_id != decltype(trace_id){}; }
  friend bool operator==(const trace_context&, const trace_context&) = default;

  /// A new trace with random ids.
  static trace_context new_root(bool is_sampled = true) noexcept;
  /// The same trace with a new span id; of no trace, no trace.
  trace_context child() const noexcept;

  /// Reads a header's value. Nothing when the recommendation says to ignore it: wrong length, upper-case or
  /// other non-hex digits, an id of zeros, version ff. Versions above 00 are read by the rules of 00 as far
  /// as these reach. Flags that neither level defines are dropped.
  static std::optional<trace_context> parse(std::string_view traceparent) noexcept;
  /// "00-<trace id>-<span id>-<flags>", 55 characters; empty without a trace.
  std::string format() const;
  /// 32 hex digits, as logs show it; empty without a trace.
  std::string trace_id_hex() const;
};

/// 64 random bits: fast, not for secrets. One generator per thread, seeded by the kernel.
std::uint64_t random_bits() noexcept;

} // namespace tutti::runtime::telemetry

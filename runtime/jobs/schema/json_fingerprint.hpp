#pragma once
#include "runtime/jobs/schema/fingerprint.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tutti::runtime::jobs {

/// Takes a JSON value event by event. Equal values give equal fingerprints: neither the order of an object's
/// members counts nor how a number is written. Integers and decimals are compared as they are, not as rounded
/// doubles.
class fingerprint_builder {
public:
  static constexpr std::size_t max_depth = 64; ///< the caller's to hold

  void null() noexcept;
  void boolean(bool value) noexcept;
  void integer(bool negative, std::uint64_t magnitude) noexcept;
  void decimal(std::string_view number); ///< the JSON text of any number
  void text(std::string_view value) noexcept;
  void begin_object() noexcept { begin(true); }
  void begin_array() noexcept { begin(false); }
  void key(std::string_view name) noexcept;
  void end() noexcept;

  fingerprint result() const noexcept { return result_; }

private:
  struct level { // without initialisers: most levels are never used
    std::uint64_t hi, lo, key_hi, key_lo, count;
    bool object;
  };
  void begin(bool object) noexcept;
  void value(fingerprint what) noexcept;

  std::size_t depth_ = 0;
  fingerprint result_;
  std::array<level, max_depth> levels_;
};

} // namespace tutti::runtime::jobs

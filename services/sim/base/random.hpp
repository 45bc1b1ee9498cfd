#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace tutti::services::sim {

/// All chance comes from here, so that a seed repeats it.
class random_source {
public:
  explicit random_source(std::uint64_t seed) : engine_(seed) {}

  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>{low, high}(engine_);
  }
  bool coin() { return between(0, 1) == 1; }
  std::string hex(std::size_t digits) {
    std::string out(digits, '0');
    for (auto& c : out)
      c = "0123456789abcdef"[between(0, 15)];
    return out;
  }

private:
  std::mt19937_64 engine_;
};

} // namespace tutti::services::sim

#include "runtime/telemetry/trace.hpp"

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include <sys/random.h>

namespace tutti::runtime::telemetry {
namespace {

static_assert(sizeof(trace_context) == 25 && std::is_trivially_copyable_v<trace_context>);

/// xoshiro256** (Blackman, Vigna).
class generator {
public:
  generator() noexcept {
    std::size_t have = 0;
    auto* bytes = reinterpret_cast<unsigned char*>(state_);
    while (have < sizeof state_) {
      auto n = getrandom(bytes + have, sizeof state_ - have, 0);
      if (n <= 0)
        break;
      have += static_cast<std::size_t>(n);
    }
    // Without getrandom (seccomp) ids are still distinct per thread and start; an all-zero state would stick.
    if (have < sizeof state_) {
      state_[0] = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
      state_[1] = reinterpret_cast<std::uintptr_t>(this);
      state_[2] = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
      state_[3] = 0x9E3779B97F4A7C15U;
    }
  }

  std::uint64_t operator()() noexcept {
    auto result = std::rotl(state_[1] * 5, 7) * 9;
    auto t = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

private:
  std::uint64_t state_[4]{};
};

void fill(std::span<std::uint8_t> id) noexcept {
  for (std::size_t at = 0; at < id.size(); at += 8) {
    auto bits = random_bits();
    bits += bits == 0; // zeros mean "none"
    std::memcpy(id.data() + at, &bits, 8);
  }
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f') // upper case is invalid by the recommendation
    return c - 'a' + 10;
  return -1;
}

bool read_hex(std::string_view text, std::span<std::uint8_t> out) noexcept {
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto high = hex_digit(text[2 * i]);
    auto low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0)
      return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  for (auto b : bytes) {
    out += "0123456789abcdef"[b >> 4U];
    out += "0123456789abcdef"[b & 15U];
  }
}

} // namespace

std::uint64_t random_bits() noexcept {
  thread_local generator next;
  return next();
}

trace_context trace_context::new_root(bool is_sampled) noexcept {
  trace_context result;
  fill(result.trace_id);
  fill(result.span_id);
  result.flags = static_cast<std::uint8_t>(random_id | (is_sampled ? sampled : 0));
  return result;
}

trace_context trace_context::child() const noexcept {
  auto result = *this;
  if (*this)
    fill(result.span_id);
  return result;
}

std::optional<trace_context> trace_context::parse(std::string_view text) noexcept {
  constexpr std::size_t length = 55;
  if (text.size() < length || text[2] != '-' || text[35] != '-' || text[52] != '-')
    return std::nullopt;
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  trace_context result;
  if (!read_hex(text, version) || !read_hex(text.substr(3), result.trace_id)
      || !read_hex(text.substr(36), result.span_id) || !read_hex(text.substr(53), flags))
    return std::nullopt;
  if (version[0] == 0xFF || (version[0] == 0 && text.size() != length)
      || (text.size() > length && text[length] != '-'))
    return std::nullopt;
  if (!result || result.span_id == decltype(span_id){})
    return std::nullopt;
  // Of a later version only the sampled flag may be relied upon.
  result.flags = flags[0] & (version[0] == 0 ? sampled | random_id : sampled);
  return result;
}

std::string trace_context::format() const {
  std::string out;
  if (!*this)
    return out;
  out.reserve(55);
  out += "00-";
  append_hex(out, trace_id);
  out += '-';
  append_hex(out, span_id);
  out += '-';
  append_hex(out, {&flags, 1});
  return out;
}

std::string trace_context::trace_id_hex() const {
  std::string out;
  if (*this)
    append_hex(out, trace_id);
  return out;
}

} // namespace tutti::runtime::telemetry

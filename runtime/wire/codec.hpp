#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// How structs become bytes between nodes and in stores, so that builds of different age understand each
/// other. A struct names its members once, within it or in the namespace where it stands:
///
///     struct add { std::int64_t by = 1; void fields(auto& f) { f("by", by); } };
///     template <class F> void fields(F& f, add& x) { f("by", x.by); }
///
/// and several as f("a", x.a)("b", x.b). An empty one needs neither.
///
/// The order is the wire order: append members, never move, remove or change one. Each struct travels with
/// its length: a reader skips what a newer writer appended, and keeps the defaults of what an older one
/// lacks. The names are for the JSON form (runtime/entity).
///
/// Members: bool, integers, enums (as their number; check it), std::string (any bytes), described structs,
/// and std::vector, std::optional and std::map<std::string, …> of these. No floating point: name the unit and
/// use an integer. Integers travel as LEB128 (https://en.wikipedia.org/wiki/LEB128), signed ones zigzag
/// first.
namespace tutti::runtime::wire {

/// Names the members of `x` to `f`.
template <class F, class T>
void describe(F& f, T& x) {
  if constexpr (requires { x.fields(f); })
    x.fields(f);
  else if constexpr (!std::is_empty_v<T>)
    fields(f, x);
}

class writer {
public:
  explicit writer(std::string& out) noexcept : out_(out) {}

  void number(std::uint64_t x) {
    for (; x >= 0x80; x >>= 7U)
      out_.push_back(static_cast<char>(x | 0x80));
    out_.push_back(static_cast<char>(x));
  }
  void bytes(std::string_view x) {
    number(x.size());
    out_.append(x);
  }

  template <class T>
  writer& operator()(const char*, T& x) {
    put(x);
    return *this;
  }

  template <class T>
  void put(T& x) {
    if constexpr (std::is_enum_v<T>) {
      number(static_cast<std::uint64_t>(x));
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      auto wide = static_cast<std::int64_t>(x);
      number((static_cast<std::uint64_t>(wide) << 1U) ^ static_cast<std::uint64_t>(wide >> 63));
    } else if constexpr (std::is_integral_v<T>) {
      number(x);
    } else {
      put_compound(x);
    }
  }

private:
  void put_compound(std::string& x) { bytes(x); }
  template <class T>
  void put_compound(std::vector<T>& x) {
    number(x.size());
    for (auto&& item : x)
      put_item(item);
  }
  void put_compound(std::vector<bool>&) = delete;
  template <class T>
  void put_compound(std::map<std::string, T>& x) {
    number(x.size());
    for (auto& [key, value] : x) {
      bytes(key);
      put_item(value);
    }
  }
  template <class T>
  void put_compound(std::optional<T>& x) {
    number(x ? 1 : 0);
    if (x)
      put_item(*x);
  }
  template <class T>
  void put_compound(T& x) {
    // The length is mostly one byte; a longer one makes room for itself.
    auto at = out_.size();
    out_.push_back(0);
    describe(*this, x);
    auto size = out_.size() - at - 1;
    if (size < 0x80) {
      out_[at] = static_cast<char>(size);
      return;
    }
    std::string length;
    writer{length}.number(size);
    out_.replace(at, 1, length);
  }
  template <class T>
  void put_item(T& x) {
    put(x);
  }

  std::string& out_;
};

/// Reads what a writer made; of anything else it reads nothing beyond the bytes, and ok() is false at the
/// end.
class reader {
public:
  explicit reader(std::string_view in) noexcept : in_(in) {}

  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return in_.empty(); }

  std::uint64_t number() noexcept {
    std::uint64_t out = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (in_.empty())
        return bad();
      auto byte = static_cast<unsigned char>(in_.front());
      in_.remove_prefix(1);
      if (shift == 63 && byte > 1)
        return bad();
      out |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0)
        return out;
    }
    return bad();
  }
  std::string_view bytes() noexcept {
    auto size = number();
    if (size > in_.size()) {
      bad();
      return {};
    }
    auto out = in_.substr(0, size);
    in_.remove_prefix(size);
    return out;
  }

  template <class T>
  reader& operator()(const char*, T& x) {
    if (ok_ && !in_.empty()) // else an older writer: the default stays
      get(x);
    return *this;
  }

  template <class T>
  void get(T& x) {
    if constexpr (std::is_same_v<T, bool>) {
      x = number() != 0;
    } else if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> raw{};
      get_unsigned(raw);
      x = static_cast<T>(raw);
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      auto raw = number();
      auto wide = static_cast<std::int64_t>(raw >> 1U) ^ -static_cast<std::int64_t>(raw & 1U);
      if (wide < std::numeric_limits<T>::min() || wide > std::numeric_limits<T>::max())
        bad();
      else
        x = static_cast<T>(wide);
    } else if constexpr (std::is_integral_v<T>) {
      get_unsigned(x);
    } else {
      get_compound(x);
    }
  }

private:
  std::uint64_t bad() noexcept {
    ok_ = false;
    in_ = {};
    return 0;
  }
  template <class T>
  void get_unsigned(T& x) {
    auto raw = number();
    if (raw > static_cast<std::uint64_t>(std::numeric_limits<T>::max()))
      bad();
    else
      x = static_cast<T>(raw);
  }
  /// How many items follow, each at least a byte long: what a liar announces is not allocated.
  std::uint64_t count() noexcept {
    auto out = number();
    return out <= in_.size() ? out : bad();
  }
  void get_compound(std::string& x) { x = bytes(); }
  template <class T>
  void get_compound(std::vector<T>& x) {
    x.clear();
    for (auto left = count(); left > 0 && ok_; --left)
      get(x.emplace_back());
  }
  template <class T>
  void get_compound(std::map<std::string, T>& x) {
    x.clear();
    for (auto left = count(); left > 0 && ok_; --left) {
      std::string key{bytes()};
      get(x[std::move(key)]);
    }
  }
  template <class T>
  void get_compound(std::optional<T>& x) {
    x.reset();
    if (number() != 0)
      get(x.emplace());
  }
  template <class T>
  void get_compound(T& x) {
    reader inner{bytes()};
    if (!ok_)
      return;
    describe(inner, x);
    if (!inner.ok())
      bad();
  }

  std::string_view in_;
  bool ok_ = true;
};

/// Appends `x`.
template <class T>
void encode(std::string& out, const T& x) {
  writer{out}.put(const_cast<T&>(x)); // they are named once, for both directions
}
template <class T>
std::string encode(const T& x) {
  std::string out;
  encode(out, x);
  return out;
}

/// Nothing when the bytes are not a T, or more than one.
template <class T>
std::optional<T> decode(std::string_view bytes) {
  reader in{bytes};
  std::optional<T> out{std::in_place};
  in.get(*out);
  if (!in.ok() || !in.at_end())
    out.reset();
  return out;
}

} // namespace tutti::runtime::wire

#pragma once
#include "protocols/discord/permissions.hpp"
#include "protocols/discord/snowflake.hpp"
#include "protocols/json/reader.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// For the decoders below this folder: one way to read each type of field. A null is taken for optionals
/// only.
namespace tutti::protocols::discord {

bool read_id(json::reader& in, std::uint64_t& out);
bool read(json::reader& in, permission_set& out);

inline bool read(json::reader& in, std::string& out) {
  return in.string(out);
}
inline bool read(json::reader& in, bool& out) {
  return in.boolean(out);
}
inline bool read(json::reader& in, double& out) {
  return in.number(out);
}
template <std::integral I>
requires(!std::same_as<I, bool>) bool read(json::reader& in, I& out) {
  return in.integer(out);
}
template <class Tag>
bool read(json::reader& in, snowflake<Tag>& out) {
  return read_id(in, out.value);
}

template <class T>
bool read(json::reader& in, std::optional<T>& out) {
  out.reset();
  if (in.null())
    return true;
  return read(in, out.emplace());
}

/// At most `most` of them are kept; the rest is read over.
template <class T, class F>
bool read_all(json::reader& in, std::vector<T>& out, F&& read_one, std::size_t most = SIZE_MAX) {
  out.clear();
  return in.array([&] {
    if (out.size() < most)
      read_one(in, out.emplace_back());
    else
      in.skip();
  });
}
template <class T>
bool read(json::reader& in, std::vector<T>& out) {
  return read_all(in, out, [](json::reader& from, T& one) { return read(from, one); });
}

/// Reads the whole of `text`, which errors call `root`, by `read_value(in, value)`.
template <class T, class F>
json::outcome<T> decode(std::string_view text, std::string_view root, F&& read_value) {
  json::reader in{text, root};
  T value;
  if (read_value(in, value) && in.end())
    return value;
  return in.error();
}

} // namespace tutti::protocols::discord

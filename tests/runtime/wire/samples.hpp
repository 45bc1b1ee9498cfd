#pragma once
#include "runtime/wire/codec.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tutti::tests::codec {

enum class colour : std::uint8_t { red, green, blue };

struct point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  friend bool operator==(const point&, const point&) = default;
};
template <class F>
void fields(F& f, point& p) {
  f("x", p.x)("y", p.y);
}

/// Each kind of member once.
struct everything {
  bool yes = false;
  std::uint8_t tiny = 0;
  std::uint64_t big = 0;
  std::int8_t small = 0;
  std::int64_t wide = 0;
  colour paint = colour::red;
  std::string text;
  point at;
  std::vector<point> path;
  std::vector<std::string> words;
  std::optional<point> maybe;
  std::optional<std::string> note;
  std::map<std::string, std::vector<point>> groups;
  friend bool operator==(const everything&, const everything&) = default;
};
template <class F>
void fields(F& f, everything& x) {
  f("yes", x.yes)("tiny", x.tiny)("big", x.big)("small", x.small)("wide", x.wide)("paint", x.paint);
  f("text", x.text)("at", x.at)("path", x.path)("words", x.words)("maybe", x.maybe)("note", x.note);
  f("groups", x.groups);
}

inline everything full() {
  everything x;
  x.yes = true;
  x.tiny = 255;
  x.big = UINT64_MAX;
  x.small = INT8_MIN;
  x.wide = INT64_MIN;
  x.paint = colour::blue;
  x.text = std::string{"a\0b\xff", 4};
  x.at = {-1, 1};
  x.path = {{1, 2}, {3, 4}};
  x.words = {"", "word", std::string(90, 'w')};
  x.maybe = point{5, 6};
  x.note = "";
  x.groups = {{"", {}}, {"two", {{7, 8}, {9, 10}}}};
  return x;
}

} // namespace tutti::tests::codec
